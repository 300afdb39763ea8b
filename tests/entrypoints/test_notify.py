"""`ioc notify` says where channels lead, tries one, and lists what was told, without a secret."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ioc.entrypoints.notify import app
from ioc.notify.receiver import Receiver
from ioc.queries.audit import newest
from ioc.services import messages
from ioc.services.messages import Draft
from ioc.store import schema
from ioc.store.unit import Store

KEY = "s3cr3tkeythatnobodysees"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IOC_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("KEY", KEY)
    return tmp_path


def channels(home: Path, port: int) -> None:
    text = f"""
[channel.trial]
kind = "web"
url = "json://127.0.0.1:{port}/?:token={{key}}"
secret.key = {{ env = "KEY" }}
[[reach]]
who = "role:duty"
channels = ["trial"]
"""
    (home / "channels.toml").write_text(text, encoding="utf-8")


def run(*words: str) -> Any:
    return CliRunner().invoke(app, list(words))


def test_a_channel_says_where_it_leads_and_that_it_is_not_allowed_there(home: Path):
    channels(home, 8058)
    result = run("channels", "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert (told["leads_to"], told["allowed"], told["who"]) == ("http://127.0.0.1:8058", False, ["role:duty"])
    assert KEY not in result.output


def test_a_file_that_is_wrong_is_told(home: Path):
    (home / "channels.toml").write_text("[channel.a]\nkind = 'im'\n", encoding="utf-8")
    result = run("channels")
    assert (result.exit_code, "channels.toml:channel.a.url:0: missing-key" in result.output) == (2, True)


@pytest.mark.service
def test_a_trial_goes_out_once_and_is_on_the_record(home: Path, monkeypatch: pytest.MonkeyPatch):
    got: list[dict[str, Any]] = []
    receiver = Receiver(0, got.append)
    threading.Thread(target=receiver.serve, daemon=True).start()
    channels(home, receiver.port)
    refused = run("test", "trial")
    assert (refused.exit_code, refused.stdout.split()[0]) == (1, "refused")
    monkeypatch.setenv("IOC_NOTIFY_ALLOW", f"http://127.0.0.1:{receiver.port}")
    sent = run("test", "trial", "--json")
    receiver.close()
    assert (sent.exit_code, json.loads(sent.stdout)["outcome"], len(got)) == (0, "sent", 1)
    store = Store(f"sqlite:///{home}/ioc.sqlite3")
    assert [entry.action for entry in newest(store)] == ["channel.test"] * 2
    store.close()


def test_what_was_told_is_listed(home: Path):
    store = Store(f"sqlite:///{home}/ioc.sqlite3")
    schema.upgrade(store)
    with store.write() as unit:
        draft = Draft("c", "test", "duty", "标题", "正文", asks=True)
        messages.write(unit, draft, ["role:duty"], lambda *_: ("trial",), 1_790_000_000_000)
    store.close()
    assert run("outbox", "--waiting").stdout == "2026-09-21 22:13\trole:duty\t标题\ttrial:waiting\twaits\n"
    told = json.loads(run("outbox", "--json").stdout)
    assert (told["recipient"], told["state"], told["ways"][0]["channel"]) == ("role:duty", "waits", "trial")
