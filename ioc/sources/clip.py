"""The picture of simulated cameras: one small generated clip, marked 演练 in the picture itself, told as a stream.

Made once by ffmpeg. What a media server would do for a camera (a playlist that moves on, a picture of now) is a
function of the clock over its parts, so that tests and exercises have a live stream without a camera.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

PLAYLIST: Final = "index.m3u8"
PICTURE: Final = "picture.jpg"
PARTS: Final = 12
PART_MS: Final = 2_000
SHOWN: Final = 6  # parts of the playlist: what a player may hold of a stream
FILE: Final = re.compile(r"(part|picture)[0-9]{2}\.(ts|jpg)")
TYPES: Final = {"m3u8": "application/vnd.apple.mpegurl", "ts": "video/mp2t", "jpg": "image/jpeg"}
MAKE_S: Final = 120.0  # longest time for ffmpeg
_TEXT = "fontcolor=0xE8F1FA:box=1:boxcolor=0x08111D@0.8:font='Noto Sans CJK SC'"
_PICTURE = (
    "[0]drawbox=y=120:h=140:color=0x171D24:t=fill,drawbox=y=188:h=3:color=0x9DB2C8@0.5:t=fill[road];"
    "[road][1]overlay=x='mod(t*90,W+80)-60':y=140[a];[a][2]overlay=x='W-mod(t*120,W+80)':y=215[b];"
    "[b][3]overlay=x='mod(t*60+300,W+160)-80':y=150[c];"
    f"[c]drawtext=text='演练':fontsize=44:x=20:y=20:boxborderw=10:{_TEXT},"
    f"drawtext=text='%{{eif\\:t\\:d\\:2}} s':fontsize=30:x=w-tw-20:y=h-th-20:boxborderw=8:{_TEXT}[v]"
)


class NoFfmpeg(RuntimeError):
    """The clip cannot be made: ffmpeg is missing, or failed; the message says which."""


def made(folder: Path) -> bool:
    """Whether a whole clip lies there."""
    return (folder / f"picture{PARTS - 1:02d}.jpg").is_file() and (folder / "part00.ts").is_file()


def make(folder: Path) -> None:
    """Make the clip in a folder, which is replaced as a whole. Raises NoFfmpeg, OSError."""
    program = shutil.which("ffmpeg")
    if program is None:
        raise NoFfmpeg("没有 ffmpeg there is no ffmpeg: apt-get install ffmpeg")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".clip-") as home:
        seconds = PARTS * PART_MS // 1000
        cars = [("0x2A3440", "640x360"), ("0x9DB2C8", "46x22"), ("0xE8F1FA", "38x20"), ("0x6C7F92", "70x28")]
        inputs = [
            part
            for colour, size in cars
            for part in ("-f", "lavfi", "-i", f"color=c={colour}:s={size}:r=10:d={seconds}")
        ]
        quiet = [program, "-hide_banner", "-loglevel", "error", "-nostdin", "-y"]
        coded = ["-c:v", "libx264", "-profile:v", "baseline", "-pix_fmt", "yuv420p", "-preset", "veryfast"]
        whole = ["-g", "20", "-keyint_min", "20", "-sc_threshold", "0", "-threads", "1"]  # each part begins whole
        parts = ["-f", "hls", "-hls_time", str(PART_MS // 1000), "-hls_list_size", "0"]
        parts += ["-hls_segment_filename", "part%02d.ts", "whole.m3u8"]
        _run([*quiet, *inputs, "-filter_complex", _PICTURE, "-map", "[v]", *coded, "-crf", "28", *whole, *parts], home)
        _run([*quiet, "-i", "whole.m3u8", "-vf", f"fps=1000/{PART_MS}", "-q:v", "6", "-start_number", "0",
              "-frames:v", str(PARTS), "picture%02d.jpg"], home)  # fmt: skip
        if not made(Path(home)):
            raise NoFfmpeg("ffmpeg 未生成全部片段 ffmpeg did not make all parts")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(home, folder)


def playlist(now_ms: int) -> str:
    """The playlist of the stream at a moment: its newest parts, the clip again and again."""
    newest = now_ms // PART_MS
    first = newest - SHOWN
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-TARGETDURATION:{PART_MS // 1000}",
             f"#EXT-X-MEDIA-SEQUENCE:{first}", f"#EXT-X-DISCONTINUITY-SEQUENCE:{first // PARTS}"]  # fmt: skip
    for number in range(first, newest):
        if number % PARTS == 0 and number > first:
            lines.append("#EXT-X-DISCONTINUITY")
        lines += [f"#EXTINF:{PART_MS / 1000:.1f},", f"part{number % PARTS:02d}.ts"]
    return "\n".join(lines) + "\n"


def picture(now_ms: int) -> str:
    """The file of the picture at a moment."""
    return f"picture{now_ms // PART_MS % PARTS:02d}.jpg"


def picture_ms(now_ms: int) -> int:
    """When the picture of a moment was taken."""
    return now_ms - now_ms % PART_MS


def _run(command: list[str], home: str) -> None:
    try:
        done = subprocess.run(command, cwd=home, capture_output=True, timeout=MAKE_S, check=False)  # noqa: S603 - fixed
    except subprocess.TimeoutExpired:
        raise NoFfmpeg("ffmpeg 超时 ffmpeg took too long") from None
    if done.returncode:
        raise NoFfmpeg(f"ffmpeg: {done.stderr.decode(errors='replace').strip()[-400:]}")
