"""A union: the rows of several sources under one name, each marked with the source that it came from."""

from __future__ import annotations

import numpy as np

from metrics.column import Column
from metrics.observation import Batch, Dictionary
from metrics.plan import REGION
from metrics.rows import Rows, nothing
from metrics.source import Source

ORIGIN = "origin"
_BETWEEN = "\x1f"  # between the source and the entity: keys of different sources stay apart


def joined(rows: Rows, source: Source, entities: Dictionary, union: Source) -> Batch:
    """Rows of a part as rows of the union: fields renamed, absent ones null, the region by the part's own rule."""
    names = {name: union.rename.get(source.id, {}).get(name, name) for name in source.fields}
    fields = {new: rows.column(old) for old, new in names.items()}
    for name in union.fields:
        if name not in fields and name != ORIGIN:
            fields[name] = nothing(union, name, len(rows))
    fields[ORIGIN] = Column(np.zeros(len(rows), np.int32), None, None, (source.id,))
    rule = source.region
    if rule is not None:
        fields[REGION] = rows.column(rule.name) if rule.way == "field" else rows.column(REGION)
    used, codes = np.unique(rows.entity, return_inverse=True)
    prefixed = [f"{source.id}{_BETWEEN}{entities[code]}" for code in used.tolist()]
    return Batch(union.id, rows.time, codes.astype(np.int32), prefixed, fields)
