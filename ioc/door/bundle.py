"""The bundle: all our scripts as one file and all our styles as another, so that a page asks for two and not for fifty.

Their addresses change with their content; what lies in a folder of `assets/` is asked for by who needs it, alone.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Flask, Response, abort

TYPES = {"js": "text/javascript", "css": "text/css"}


class Bundle:
    """The files of a folder as they were at the start, in the order of their names."""

    def __init__(self, folder: Path) -> None:
        self._texts = {
            kind: "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob(f"*.{kind}"))).encode()
            for kind in TYPES
        }

    def address(self, kind: str) -> str:
        """Of `js` or `css`."""
        return f"/bundle/{kind}?m={hashlib.sha256(self._texts[kind]).hexdigest()[:16]}"

    def register(self, server: Flask) -> None:
        """Answer at the addresses."""

        @server.get("/bundle/<kind>")
        def bundle(kind: str) -> Response:
            if kind not in TYPES:
                abort(404)
            return Response(self._texts[kind], mimetype=TYPES[kind])
