"""Which office a matter goes to: by words, class, region and what a model is sure of, each with its reason."""

from __future__ import annotations

import pytest

from ioc.domain.routing import Matter, Named, Office, Route, Routing, Topic, propose
from ioc.packs.content import load
from ioc.packs.dispatch import routing

RULES = routing(load())


def region_of(code: str, level: str) -> Named | None:
    return ("440303003", "东门街道", "Dongmen") if code.startswith("440303003") and level == "subdistrict" else None


@pytest.mark.parametrize(
    ("matter", "office", "rule"),
    [
        (Matter("case", "other", "440303003001", text="下水道堵塞，路面积水"), "water", "water"),
        (Matter("case", "part", "440303003001", text="有人反映"), "urban", "part"),
        (Matter("case", "lift", text="坏了"), "market", "lift_case"),
        (Matter("incident", "accident", text="高层起火冒烟"), "emergency", "fire"),
        (Matter("incident", "security", text="东门老街"), "police", "class_security"),
        (Matter("case", "other", "440303003001", text="有人反映"), "subdistrict:440303003", "here"),
    ],
)
def test_the_rule_with_most_words_then_the_one_that_names_more_says_the_office(matter: Matter, office: str, rule: str):
    found = propose(RULES, matter, region_of)
    assert found is not None
    assert (found.office.id, found.rule, found.by, found.confidence) == (office, rule, "rules", None)


def test_the_reason_is_told_in_both_languages():
    found = propose(RULES, Matter("case", "other", text="下水道堵塞，路面积水"), region_of)
    assert found is not None
    assert [(why.zh, why.en) for why in found.why] == [
        ("积水、排水与供水归水务", "water on roads, drains and supply belong to the water bureau"),
        ("提及积水、下水道", "积水、下水道 is mentioned"),
    ]


def test_an_office_of_each_subdistrict_has_its_name_and_none_where_the_region_is_not_known():
    found = propose(RULES, Matter("case", "other", "440303003001"), region_of)
    assert found is not None
    assert found.office == Office("subdistrict:440303003", "东门街道办", "Dongmen Subdistrict Office", "subdistrict")
    assert propose(RULES, Matter("case", "other", "440303"), region_of) is None


def test_what_a_model_is_sure_of_decides_where_no_word_does_and_says_how_sure_it_is():
    topic = Topic("劳动和社会保障", 0.91, ("社保", "补缴"), decided=True)
    found = propose(RULES, Matter("case", "other", "440303003001", text="补缴的事", topic=topic), region_of)
    assert found is not None
    assert (found.office.id, found.by, found.confidence) == ("labour", "model", 0.91)
    assert found.why[-1].zh == "模型判为劳动和社会保障，把握 91%，依据社保、补缴"


def test_below_its_threshold_rules_propose_and_the_reason_says_that_the_model_is_not_sure():
    topic = Topic("劳动和社会保障", 0.41, (), decided=False)
    found = propose(RULES, Matter("case", "other", "440303003001", topic=topic), region_of)
    assert found is not None
    assert (found.office.id, found.by, found.confidence) == ("subdistrict:440303003", "rules", None)
    assert found.why[-1].zh == "模型没有把握（劳动和社会保障 41%），由规则提出、人员决定"


def test_of_rules_that_fit_alike_the_first_counts_and_one_for_regions_and_channels_asks_for_both():
    offices = {name: Office(name, name, name) for name in "abc"}
    first = Route("r1", "a", "甲", "a", regions=("440303003",), channels=frozenset({"hotline"}))
    rules = Routing(offices, (first, Route("r2", "b", "乙", "b"), Route("r3", "c", "丙", "c")))
    assert _office(rules, Matter("case", region="440303003", channel="hotline")) == "a"
    assert _office(rules, Matter("case", region="440303003", channel="video")) == "b"
    assert _office(rules, Matter("case", region="440303001", channel="hotline")) == "b"


def _office(rules: Routing, matter: Matter) -> str | None:
    found = propose(rules, matter, region_of)
    return found.office.id if found else None
