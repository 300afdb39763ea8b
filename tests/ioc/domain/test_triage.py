"""The answer of a triage model: terms, confidence, the words that say so, and who decides."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from ioc.domain.triage import Model, Triage, runs, softmax

MODEL = Model(
    classes=("交通", "教育"),
    terms=("公", "公交", "公交车", "学", "学校", "校"),
    idf=np.array([1.0, 2.0, 2.0, 1.0, 2.0, 1.0]),
    weights=np.array([[0.5, 2.0, 2.0, -0.5, -2.0, -0.5], [-0.5, -2.0, -2.0, 0.5, 2.0, 0.5]]),
    bias=np.array([0.0, 0.1]),
    temperature=1.0,
    threshold=0.9,
    about={},
)


def test_a_title_counts_three_times_and_letters_digits_and_signs_part_words() -> None:
    assert runs("公交", "A3区，2路") == Counter({"公": 3, "交": 3, "公交": 3, "区": 1, "路": 1})


def test_only_the_beginning_of_a_text_is_read() -> None:
    assert "尾" in runs("", "中" * 599 + "尾")
    assert "尾" not in runs("", "中" * 600 + "尾")


def test_a_clear_message_is_decided_with_its_words() -> None:
    verdict = Triage(MODEL).verdict("公交车", "")
    assert verdict.best == "交通"
    assert verdict.decided
    assert sum(sure for _, sure in verdict.ranked) == pytest.approx(1)
    assert [each.words for each in verdict.reasons] == ["公交车"]  # what lies in it is said by it
    assert verdict.reasons[0].share == pytest.approx(1)


def test_the_confidence_is_the_softmax_of_length_one_terms_by_hand() -> None:
    verdict = Triage(MODEL).verdict("", "学校")
    values = np.array([1.0, 2.0, 1.0]) / np.sqrt(6)  # 学 学校 校, each once: 1 + ln 1
    score = np.array([-0.5, -2.0, -0.5]) @ values, np.array([0.5, 2.0, 0.5]) @ values + 0.1
    assert verdict.ranked[0] == ("教育", pytest.approx(1 / (1 + np.exp(score[0] - score[1]))))


def test_below_the_threshold_a_person_decides() -> None:
    unsure = Triage(replace(MODEL, temperature=20.0)).verdict("公交车", "")
    assert unsure.best == "交通"
    assert not unsure.decided


@pytest.mark.parametrize("text", ["", "ABC 123", "别的话"])
def test_a_message_without_a_known_word_is_never_decided(text: str) -> None:
    verdict = Triage(replace(MODEL, threshold=0.0)).verdict(text)
    assert not verdict.decided
    assert verdict.reasons == ()


def test_a_temperature_changes_how_sure_it_is_and_not_what_is_likeliest() -> None:
    scores = np.array([[3.0, 1.0, 2.0]])
    assert softmax(scores, 10.0).argmax() == softmax(scores, 0.1).argmax() == 0
    assert softmax(scores, 10.0).max() < softmax(scores, 0.1).max()


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"classes": ("交通", "交通")}, "different"), ({"classes": ("交通",)}, "different"),
        ({"terms": ("公",) * 6}, "each term once"), ({"idf": np.ones(5)}, "do not fit"),
        ({"bias": np.array([0.0, np.nan])}, "no number"), ({"temperature": 0.0}, "temperature"),
        ({"threshold": 1.5}, "threshold"),
    ],
)  # fmt: skip
def test_parts_that_do_not_fit_together_are_no_model(wrong: dict[str, object], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        replace(MODEL, **wrong)  # type: ignore[arg-type]
