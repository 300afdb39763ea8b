"""Both READMEs name every setting and say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ioc.entrypoints.cli import COMMANDS
from ioc.settings import Settings

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_a_readme_names_every_setting_and_only_commands_that_there_are(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    named = set(re.findall(r"`(IOC_[A-Z_]+)`", text))
    named |= {f"IOC_ARCHIVE{part}" for part in re.findall(r"`(_[A-Z]+_DAYS)`", text)}
    assert named - {"IOC_"} == {f"IOC_{field.upper()}" for field in Settings.model_fields}
    assert set(re.findall(r"(?:^|`)ioc ([a-z]+)", text, re.MULTILINE)) <= set(COMMANDS)


def test_both_readmes_have_the_same_parts_examples_and_rows() -> None:
    english, chinese = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md"))
    for pattern in (r"^## ", r"^\| ", r"^```"):
        assert len(re.findall(pattern, english, re.MULTILINE)) == len(re.findall(pattern, chinese, re.MULTILINE)), (
            pattern
        )
    assert re.findall(r"```python\n(.*?)```", english, re.DOTALL) == re.findall(
        r"```python\n(.*?)```", chinese, re.DOTALL
    )
