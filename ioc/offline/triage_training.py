"""Training of a triage model from messages that people have sorted, and how it does on those it has not seen.

Linear support vectors over the terms of ioc.domain.triage (scikit-learn, LIBLINEAR); each class counts as much as any
other. The report comes from cross-validation: every message is judged by a model that was made without it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar  # type: ignore[import-untyped, unused-ignore]
from scipy.sparse import csr_array  # type: ignore[import-untyped, unused-ignore]
from sklearn.metrics import confusion_matrix, f1_score  # type: ignore[import-untyped, unused-ignore]
from sklearn.model_selection import StratifiedKFold  # type: ignore[import-untyped, unused-ignore]
from sklearn.svm import LinearSVC  # type: ignore[import-untyped, unused-ignore]

from ioc.domain.triage import Floats, Model, runs, softmax, weighted

FOLDS: Final = 5
RAREST: Final = 2  # a term is of use from so many messages on
HINT_WEIGHT: Final = 0.5  # what the name of a sub-class counts beside a message
ACCURACY: Final = 0.95  # what is decided without a person shall be right so often
COVERAGES: Final = (0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


class NotEnough(ValueError):
    """There are too few messages to learn from; the message says of what."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message that somebody has sorted."""

    title: str
    text: str
    label: str


@dataclass(frozen=True, slots=True)
class Report:
    """By cross-validation. `coverage`: (share of the messages decided, from the surest on; how many of them are right;
    the confidence of the last). `decided`: the share at or above the threshold, and how many of those are right."""

    messages: int
    macro_f1: float
    accuracy: float
    classes: Mapping[str, Mapping[str, float]]
    confusion: tuple[tuple[int, ...], ...]
    coverage: tuple[tuple[float, float, float], ...]
    threshold: float
    decided: tuple[float, float]


def train(messages: Sequence[Message], hints: Sequence[Message] = (), seed: int = 0) -> tuple[Model, Report]:
    """A model from all messages, and the report of models that were made without the messages they judge.

    `hints`: names of sub-classes with their class; they are learnt from, and never judged. Raises NotEnough.
    """
    counts = Counter(each.label for each in messages)
    few = sorted(name for name, count in counts.items() if count < FOLDS)
    if len(counts) < 2 or few:
        raise NotEnough(
            f"每类至少 {FOLDS} 条、至少两类 two classes with {FOLDS} messages each at least: {few or dict(counts)}"
        )
    names = sorted(counts)
    labels = np.array([names.index(each.label) for each in messages])
    hints = [each for each in hints if each.label in counts]
    found = [runs(each.title, each.text) for each in messages]
    hinted = [runs("", each.text) for each in hints]
    hinted_labels = np.array([names.index(each.label) for each in hints], dtype=labels.dtype)
    scores = np.empty((len(messages), len(names)))
    for learnt, judged in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(scores, labels):
        fold = _fit([found[at] for at in learnt], labels[learnt], hinted, hinted_labels, len(names))
        scores[judged] = _scores(fold, [found[at] for at in judged])
    temperature = _temperature(scores, labels)
    sure = softmax(scores, temperature)
    threshold = _threshold(sure, labels)
    report = _report(names, sure, labels, threshold)
    parts = _fit(found, labels, hinted, hinted_labels, len(names))
    about: dict[str, Any] = {
        "messages": len(messages), "hints": len(hints), "folds": FOLDS, "macro_f1": round(report.macro_f1, 4),
        "accuracy": round(report.accuracy, 4), "decided": [round(each, 4) for each in report.decided],
    }  # fmt: skip
    return Model(tuple(names), parts.terms, parts.idf, parts.weights, parts.bias, temperature, threshold, about), report


@dataclass(frozen=True, slots=True)
class _Fitted:
    terms: tuple[str, ...]
    idf: Floats
    weights: Floats
    bias: Floats


def _fit(
    found: Sequence[Counter[str]], labels: npt.NDArray[Any], hints: Sequence[Counter[str]],
    hinted: npt.NDArray[Any], classes: int,
) -> _Fitted:  # fmt: skip
    everything = [*found, *hints]
    documents = Counter(run for each in everything for run in each)
    terms = tuple(sorted(run for run, count in documents.items() if count >= RAREST))
    idf = np.log((1 + len(everything)) / (1 + np.array([documents[term] for term in terms], dtype=float))) + 1
    table = _table(everything, {term: place for place, term in enumerate(terms)}, idf)
    weight = np.r_[np.ones(len(found)), np.full(len(hints), HINT_WEIGHT)]
    machine = LinearSVC(C=1.0, class_weight="balanced", random_state=0)
    machine.fit(table, np.r_[labels, hinted], sample_weight=weight)
    weights, bias = machine.coef_, machine.intercept_
    if classes == 2:  # one line parts two classes: each side of it is one of them
        weights, bias = np.vstack([-weights, weights]), np.r_[-bias, bias]
    return _Fitted(terms, idf, np.asarray(weights, dtype=float), np.asarray(bias, dtype=float))


def _table(found: Sequence[Counter[str]], places: Mapping[str, int], idf: Floats) -> Any:
    rows = [weighted(each, places, idf) for each in found]
    ends = np.cumsum([0, *(len(at) for at, _ in rows)], dtype=np.int32)  # LIBLINEAR counts in 32 bits
    at = np.concatenate([at for at, _ in rows]).astype(np.int32)
    return csr_array((np.concatenate([values for _, values in rows]), at, ends), shape=(len(rows), len(places)))


def _scores(fitted: _Fitted, found: Sequence[Counter[str]]) -> Floats:
    places = {term: place for place, term in enumerate(fitted.terms)}
    return np.asarray(_table(found, places, fitted.idf) @ fitted.weights.T + fitted.bias)


def _temperature(scores: Floats, labels: npt.NDArray[Any]) -> float:
    """The one that makes the labels likeliest."""

    def loss(log_temperature: float) -> float:
        sure = softmax(scores, float(np.exp(log_temperature)))[np.arange(len(labels)), labels]
        return float(-np.log(np.maximum(sure, 1e-12)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-4.0, 4.0), method="bounded").x))


def _threshold(sure: Floats, labels: npt.NDArray[Any]) -> float:
    """The least confidence from which on enough of what is decided is right; 1 where none is."""
    best, right = sure.max(axis=1), sure.argmax(axis=1) == labels
    order = np.argsort(-best, kind="stable")
    share = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(share >= ACCURACY)
    return float(best[order[enough[-1]]]) if len(enough) else 1.0


def _report(names: Sequence[str], sure: Floats, labels: npt.NDArray[Any], threshold: float) -> Report:
    said, best = sure.argmax(axis=1), sure.max(axis=1)
    right = said == labels
    order = np.argsort(-best, kind="stable")
    each_f1 = f1_score(labels, said, average=None, labels=range(len(names)))
    table = confusion_matrix(labels, said, labels=range(len(names)))
    coverage = tuple(
        (share, float(right[order[:count]].mean()), float(best[order[count - 1]]))
        for share in COVERAGES
        if (count := round(share * len(order)))
    )
    over = best >= threshold
    decided = (float(over.mean()), float(right[over].mean()) if over.any() else 0.0)
    return Report(
        len(labels), float(f1_score(labels, said, average="macro")), float(right.mean()),
        {name: {"f1": float(each_f1[at]), "messages": int((labels == at).sum())} for at, name in enumerate(names)},
        tuple(tuple(map(int, row)) for row in table), coverage, threshold, decided,
    )  # fmt: skip
