"""Files are taken whole and once, and move away with their report."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from ioc.sources.connect.inbox import Inbox, Taken
from ioc.sources.connect.memory import Memory, UnknownMemory


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    inbox = Inbox(tmp_path / "in", (".csv",))
    inbox.prepare()
    return inbox


def drop(inbox: Inbox, name: str, text: str = "a\n1\n") -> Path:
    path = inbox.folder / name
    path.write_text(text)
    return path


def looks(inbox: Inbox, times: int) -> list[str]:
    return [taken.name for _ in range(times) for taken in inbox.take()]


def test_a_file_is_taken_at_the_second_look_that_finds_it_unchanged(inbox: Inbox) -> None:
    path = drop(inbox, "a.csv")
    assert looks(inbox, 1) == []
    path.write_text("a\n1\n2\n")  # still being written
    assert looks(inbox, 1) == []
    [taken] = inbox.take()
    assert (taken.name, taken.size) == ("a.csv", 6)
    assert taken.digest == hashlib.sha256(b"a\n1\n2\n").hexdigest()
    assert not path.exists()
    assert taken.path.read_text() == "a\n1\n2\n"


def test_what_was_being_dealt_with_is_given_again_after_a_restart(inbox: Inbox) -> None:
    drop(inbox, "a.csv")
    assert looks(inbox, 2) == ["a.csv"]
    again = Inbox(inbox.folder, (".csv",))
    assert looks(again, 1) == ["a.csv"]


def test_unfinished_hidden_and_other_names_links_and_folders_stay(inbox: Inbox, tmp_path: Path) -> None:
    for name in ("a.csv.part", ".b.csv", "c.txt", "d.csv.tmp"):
        drop(inbox, name)
    (inbox.folder / "e.csv").mkdir()
    (tmp_path / "secret").write_text("s")
    os.symlink(tmp_path / "secret", inbox.folder / "f.csv")
    assert looks(inbox, 3) == []
    drop(inbox, "G.CSV")
    assert looks(inbox, 2) == ["G.CSV"]


def taken(inbox: Inbox, name: str, text: str = "a\n1\n") -> Taken:
    drop(inbox, name, text)
    assert list(inbox.take()) == []
    [found] = inbox.take()
    return found


def test_a_finished_file_lies_beside_its_report(inbox: Inbox) -> None:
    path = taken(inbox, "a.csv").finish("processed", {"rows": 1})
    assert path == inbox.folder / "processed" / "a.csv"
    assert json.loads((inbox.folder / "processed" / "a.csv.report.json").read_text()) == {"rows": 1}
    assert list((inbox.folder / "processing").iterdir()) == []


def test_another_content_under_the_same_name_does_not_replace_the_first(inbox: Inbox) -> None:
    taken(inbox, "a.csv").finish("failed", {})
    second = taken(inbox, "a.csv", "b\n2\n")
    path = second.finish("failed", {})
    assert path.name == f"a~{second.digest[:8]}.csv"
    assert (inbox.folder / "failed" / "a.csv").read_text() == "a\n1\n"


def test_a_file_that_grew_after_it_was_taken_says_so(inbox: Inbox) -> None:
    found = taken(inbox, "a.csv")
    assert found.unchanged()
    with found.path.open("a") as more:
        more.write("2\n")
    assert not found.unchanged()


def test_a_memory_is_what_was_kept_last(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "m" / "one.json")
    assert memory.load() == {}
    memory.keep({"rows": 1})
    memory.keep({"rows": 2})
    assert Memory(memory.path).load() == {"rows": 2}
    assert [path.name for path in memory.path.parent.iterdir()] == ["one.json"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"v": 2, "kept": {}}'])
def test_a_memory_of_another_form_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "one.json"
    path.write_text(text)
    with pytest.raises(UnknownMemory, match=r"one\.json"):
        Memory(path).load()
