"""Routing: which office a matter goes to, by rules, with the reason in words.

A rule fits where all that it names is true. Of those that fit the one with the most words in the text counts, then the
one that names more, then the first. What a triage model is sure of comes in as the topic of the matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

By = Literal["rules", "model"]
SURE_WORDS: Final = 3  # words of a model that are told


@dataclass(frozen=True, slots=True)
class Office:
    """An organisation that handles matters. `level`: there is one for each region of it, and `zh`, `en` have a place
    for its name; empty: there is one."""

    id: str
    zh: str
    en: str
    level: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """A rule; what is empty is not asked for."""

    id: str
    office: str
    zh: str
    en: str
    kinds: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    regions: tuple[str, ...] = ()
    channels: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()

    @property
    def names(self) -> int:
        """How many things it asks for."""
        asked = (self.kinds, self.classes, self.regions, self.channels, self.topics)
        return sum(bool(each) for each in asked)


@dataclass(frozen=True, slots=True)
class Routing:
    """The offices and the rules in their order."""

    offices: Mapping[str, Office]
    routes: tuple[Route, ...]


@dataclass(frozen=True, slots=True)
class Topic:
    """What a triage model says of a message: the likeliest class with how sure that is; `decided`: sure enough."""

    name: str
    confidence: float
    words: tuple[str, ...]
    decided: bool


@dataclass(frozen=True, slots=True)
class Matter:
    """What is routed. `class_`: of an incident, or the kind of a case."""

    kind: str
    class_: str = ""
    region: str = ""
    channel: str = ""
    text: str = ""
    topic: Topic | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """A reason in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """An office for a matter. `confidence`: of the model, 0..1; None where rules decided."""

    office: Office
    rule: str
    why: tuple[Why, ...]
    by: By
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class _Fit:
    rule: Route
    words: tuple[str, ...]
    at: int = field(compare=False)

    @property
    def rank(self) -> tuple[int, int, int]:
        return (len(self.words), self.rule.names, -self.at)


Named = tuple[str, str, str]  # code, zh, en of a region
RegionOf = Callable[[str, str], Named | None]  # (code, level) -> the region of that level in which it lies


def propose(routing: Routing, matter: Matter, region_of: RegionOf) -> Proposal | None:
    """The office that the rules name; None where none fits, or its office is none for this region: a person decides."""
    fits = [fit for at, rule in enumerate(routing.routes) if (fit := _fit(rule, matter, at)) is not None]
    for fit in sorted(fits, key=lambda each: each.rank, reverse=True):
        office = located(routing.offices[fit.rule.office], matter.region, region_of)
        if office is None:
            continue
        sure = bool(fit.rule.topics) and matter.topic is not None
        confidence = matter.topic.confidence if sure and matter.topic else None
        return Proposal(office, fit.rule.id, tuple(_why(fit, matter)), "model" if sure else "rules", confidence)
    return None


def located(office: Office, region: str, region_of: RegionOf) -> Office | None:
    """The office itself, or that of the region of its level (`subdistrict:440303003`); None where there is none."""
    if not office.level:
        return office
    found = region_of(region, office.level)
    if found is None:
        return None
    code, zh, en = found
    return Office(f"{office.id}:{code}", office.zh.replace("{zh}", zh), office.en.replace("{en}", en), office.level)


def _fit(rule: Route, matter: Matter, at: int) -> _Fit | None:
    topic = matter.topic.name if matter.topic is not None and matter.topic.decided else ""
    asked: Sequence[tuple[frozenset[str], str]] = (
        (rule.kinds, matter.kind), (rule.classes, matter.class_), (rule.channels, matter.channel),
        (rule.topics, topic),
    )  # fmt: skip
    if any(among and value not in among for among, value in asked):
        return None
    if rule.regions and not any(matter.region.startswith(code) for code in rule.regions):
        return None
    words = tuple(word for word in rule.words if word in matter.text)
    return _Fit(rule, words, at) if words or not rule.words else None


def _why(fit: _Fit, matter: Matter) -> list[Why]:
    rule, topic = fit.rule, matter.topic
    why = [Why(rule.zh, rule.en)]
    if fit.words:
        said = "、".join(fit.words)
        why.append(Why(f"提及{said}", f"{said} is mentioned"))
    if topic is not None and not rule.topics:
        if topic.decided:
            why.append(Why(f"模型判为{topic.name}（{topic.confidence:.0%}），规则所见更具体",
                           f"the model says {topic.name} ({topic.confidence:.0%}); the rule knows more"))  # fmt: skip
        else:
            why.append(Why(f"模型没有把握（{topic.name} {topic.confidence:.0%}），由规则提出、人员决定",
                           f"the model is not sure ({topic.name} {topic.confidence:.0%}): rules propose, a person"
                           " decides"))  # fmt: skip
    elif topic is not None:
        words = "、".join(topic.words[:SURE_WORDS])
        by = f"，依据{words}" if words else ""
        by_en = f", by {words}" if words else ""
        why.append(Why(f"模型判为{topic.name}，把握 {topic.confidence:.0%}{by}",
                       f"the model says {topic.name}, {topic.confidence:.0%} sure{by_en}"))  # fmt: skip
    if rule.regions:
        why.append(Why(f"在辖区 {matter.region}", f"in region {matter.region}"))
    if rule.channels:
        why.append(Why(f"来自渠道 {matter.channel}", f"came by {matter.channel}"))
    return why
