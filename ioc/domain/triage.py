"""Triage: which class a citizen's message belongs to, how sure that is, and which words say so.

A linear model over the characters of a message (runs of one to three, sublinear counts, inverse document frequency,
unit length: Salton & Buckley 1988), one score a class (Joachims 1998). How sure it is comes from scores of messages
that the model had not seen (Guo et al. 2017: one temperature over the softmax). Below the threshold a person decides.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

TITLE_TIMES: Final = 3  # a title says in few words what the text says in many
TEXT_READ: Final = 600  # characters of the text: what the matter is stands at its beginning
LONGEST_RUN: Final = 3
REASONS: Final = 5  # words that are named
_NO_WORD = re.compile(r"[A-Za-z0-9\W_]+")  # names of places and numbers are made anonymous by letters and digits

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reason:
    """A run of characters that speaks for the class, and its part of what speaks for it (0..1)."""

    words: str
    share: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """`ranked`: every class with its confidence (they add up to 1), the likeliest first. `decided`: sure enough to be
    used without a person."""

    ranked: tuple[tuple[str, float], ...]
    reasons: tuple[Reason, ...]
    decided: bool

    @property
    def best(self) -> str:
        """The likeliest class."""
        return self.ranked[0][0]

    @property
    def confidence(self) -> float:
        """How sure it is, 0..1."""
        return self.ranked[0][1]


@dataclass(frozen=True, slots=True)
class Model:
    """`weights`: classes x terms. `temperature` divides the scores before the softmax. `about`: plain JSON, how it was
    made and how it did on messages that it had not seen."""

    classes: tuple[str, ...]
    terms: tuple[str, ...]
    idf: Floats
    weights: Floats
    bias: Floats
    temperature: float
    threshold: float
    about: Mapping[str, Any]

    def __post_init__(self) -> None:
        """Raises ValueError where the parts do not fit together."""
        classes, terms = len(self.classes), len(self.terms)
        if classes < 2 or len(set(self.classes)) != classes or len(set(self.terms)) != terms:
            raise ValueError("two different classes at least, and each term once")
        shapes = (self.idf.shape, self.weights.shape, self.bias.shape)
        if shapes != ((terms,), (classes, terms), (classes,)):
            raise ValueError(f"its arrays do not fit {classes} classes and {terms} terms: {shapes}")
        if not all(np.isfinite(each).all() for each in (self.idf, self.weights, self.bias)):
            raise ValueError("its arrays hold what is no number")
        if not self.temperature > 0 or not 0 <= self.threshold <= 1:
            raise ValueError("the temperature is above 0, the threshold from 0 to 1")


def runs(title: str, text: str) -> Counter[str]:
    """The runs of characters of a message, with how often each is there. Letters, digits and signs part them."""
    read = _NO_WORD.sub(" ", " ".join([title] * TITLE_TIMES + [text[:TEXT_READ]]))
    return Counter(
        part[at : at + size] for part in read.split() for size in range(1, LONGEST_RUN + 1)
        for at in range(len(part) - size + 1)
    )  # fmt: skip


def weighted(found: Mapping[str, int], places: Mapping[str, int], idf: Floats) -> tuple[npt.NDArray[np.intp], Floats]:
    """The terms of a message that are known (their places), and their values: a vector of length 1, or none."""
    known = [(places[run], count) for run, count in found.items() if run in places]
    at = np.array([place for place, _ in known], dtype=np.intp)
    values = (1 + np.log(np.array([count for _, count in known], dtype=float))) * idf[at]
    length = np.sqrt((values**2).sum())
    return at, values / length if length else values


def softmax(scores: Floats, temperature: float) -> Floats:
    """Confidence of each class; classes are the last axis."""
    scaled = scores / temperature
    raised = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


class Triage:
    """A model that answers."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._places = {term: place for place, term in enumerate(model.terms)}

    def verdict(self, title: str, text: str = "") -> Verdict:
        """What a message is about. One without a known word is nobody's: all classes are as likely as they are rare."""
        model = self.model
        at, values = weighted(runs(title, text), self._places, model.idf)
        sure = softmax(model.weights[:, at] @ values + model.bias, model.temperature)
        order = np.argsort(-sure, kind="stable")
        ranked = tuple((model.classes[place], float(sure[place])) for place in order)
        speaks = (model.weights[order[0], at] - model.weights[order[1], at]) * values
        named = self._named([model.terms[place] for place in at], speaks)
        return Verdict(ranked, named, bool(len(at)) and ranked[0][1] >= model.threshold)

    @staticmethod
    def _named(terms: Sequence[str], speaks: Floats) -> tuple[Reason, ...]:
        """The strongest words of two characters at least; of those that overlap the longest says it."""
        whole = float(speaks[speaks > 0].sum())
        kept: dict[str, float] = {}
        for place in np.argsort(-speaks, kind="stable"):
            term, value = terms[place], float(speaks[place])
            if value <= 0 or (len(kept) == REASONS and not any(term in each or each in term for each in kept)):
                break
            over = next((each for each in kept if term in each or each in term), None)
            if over is None:
                if len(term) > 1:
                    kept[term] = value
            else:
                kept[max(over, term, key=len)] = kept.pop(over) + value
        ranked = sorted(kept.items(), key=lambda each: -each[1])
        return tuple(Reason(term, value / whole) for term, value in ranked)
