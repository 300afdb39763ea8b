"""The clip of simulated cameras: a live stream and a picture of now, as functions of the clock."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from ioc.sources import clip

T0 = 1_790_000_000_000  # 895,000,000 parts of two seconds: part 04 of the clip


def test_the_playlist_holds_the_newest_parts_and_moves_on_with_the_clock() -> None:
    assert clip.playlist(T0).splitlines() == [
        "#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:2", "#EXT-X-MEDIA-SEQUENCE:894999994",
        "#EXT-X-DISCONTINUITY-SEQUENCE:74583332",
        "#EXTINF:2.0,", "part10.ts", "#EXTINF:2.0,", "part11.ts", "#EXT-X-DISCONTINUITY", "#EXTINF:2.0,", "part00.ts",
        "#EXTINF:2.0,", "part01.ts", "#EXTINF:2.0,", "part02.ts", "#EXTINF:2.0,", "part03.ts",
    ]  # fmt: skip
    assert clip.playlist(T0 + 1_999) == clip.playlist(T0)
    assert "part04.ts" in clip.playlist(T0 + 2_000)


@pytest.mark.parametrize("part", range(13))
def test_each_part_is_of_the_same_round_whatever_part_is_the_first(part: int) -> None:
    lines = clip.playlist(T0 + part * clip.PART_MS).splitlines()
    number, turn = (int(line.rpartition(":")[2]) for line in lines[3:5])
    for line in lines[5:]:
        turn += line == "#EXT-X-DISCONTINUITY"
        if line.endswith(".ts"):
            assert turn == number // clip.PARTS
            assert line == f"part{number % clip.PARTS:02d}.ts"
            number += 1


def test_the_picture_of_now_changes_every_two_seconds() -> None:
    assert [clip.picture(T0 + ms) for ms in (0, 1_999, 2_000)] == ["picture04.jpg", "picture04.jpg", "picture05.jpg"]
    assert clip.picture_ms(T0 + 1_999) == T0


def test_only_files_of_the_clip_have_names_of_it() -> None:
    assert clip.FILE.fullmatch("part07.ts")
    for name in ("../links.json", "part7.ts", "part07.ts/..", "whole.m3u8", "picture00.jpg\n", "part07.ts.jpg"):
        assert not clip.FILE.fullmatch(name)


@pytest.mark.service
def test_ffmpeg_makes_twelve_parts_that_begin_whole_and_twelve_pictures_that_differ(tmp_path: Path) -> None:
    assert not clip.made(tmp_path / "clip")
    clip.make(tmp_path / "clip")
    assert clip.made(tmp_path / "clip")
    pictures = [(tmp_path / "clip" / f"picture{at:02d}.jpg").read_bytes() for at in range(clip.PARTS)]
    assert len(set(pictures)) == clip.PARTS
    for at in range(clip.PARTS):
        told = subprocess.run(
            ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "frame=pict_type", "-of", "csv=p=0",
             tmp_path / "clip" / f"part{at:02d}.ts"], capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        frames = re.findall("[IPB]", told)
        assert frames[0] == "I"
        assert len(frames) == 20
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip"]


def test_without_ffmpeg_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(clip.NoFfmpeg, match="apt-get install ffmpeg"):
        clip.make(tmp_path / "clip")
    assert not clip.made(tmp_path / "clip")
