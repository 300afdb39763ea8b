"""CAP 1.2 in XML: a message read from a document, and written to one. Pure; entities and DTDs are refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from xml.etree import ElementTree as Tree

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from ioc.sources.connect.cap import (
    CATEGORY,
    CERTAINTY,
    MESSAGE,
    NAMESPACE,
    REFERRING,
    RESPONSE,
    SCOPE,
    SEVERITY,
    STATUS,
    URGENCY,
    Alert,
    Area,
    CapError,
    Info,
    Pairs,
    Reference,
    Resource,
)  # fmt: skip

_FORBIDDEN_IN_ID: Final = frozenset(" ,<&")


# ---- reading ----


def read(xml: bytes) -> Alert:
    """The message of a document. Raises CapError, also for XML that is none or that a parser must not expand."""
    return from_element(document(xml))


def document(xml: bytes) -> Tree.Element:
    """The root of a document without entities of its own. Raises CapError."""
    try:
        root: Tree.Element = fromstring(xml, forbid_dtd=True)
    except (Tree.ParseError, ValueError, LookupError) as error:  # DefusedXmlException is a ValueError
        why = "it declares entities or a DTD" if isinstance(error, DefusedXmlException) else str(error)
        raise CapError(f"不是 XML not XML: {why}") from None
    return root


def from_element(root: Tree.Element) -> Alert:
    """The message of an `alert` element. Raises CapError."""
    if root.tag != f"{{{NAMESPACE}}}alert":
        raise CapError(f"不是 CAP 1.2 的 alert not an alert of CAP 1.2: {root.tag[:120]}")
    of = _Element(root, "alert")
    alert = Alert(
        identifier=of.name("identifier"),
        sender=of.name("sender"),
        sent=of.time("sent"),
        status=of.word("status", STATUS),
        message=of.word("msgType", MESSAGE),
        scope=of.word("scope", SCOPE),
        source=of.text("source"),
        restriction=of.text("restriction"),
        addresses=of.text("addresses"),
        codes=of.texts("code"),
        note=of.text("note"),
        references=tuple(_references(of.text("references"))),
        incidents=of.text("incidents"),
        infos=tuple(_info(_Element(one, "info")) for one in of.children("info")),
    )
    if alert.message in REFERRING and not alert.references:
        raise CapError(f"references: {alert.message} 须指明所指的消息 must name the messages that it speaks of")
    return alert


def _info(of: _Element) -> Info:
    return Info(
        category=of.words("category", CATEGORY, needed=True),
        event=of.needed("event"),
        urgency=of.word("urgency", URGENCY),
        severity=of.word("severity", SEVERITY),
        certainty=of.word("certainty", CERTAINTY),
        language=of.text("language") or "en-US",  # the standard's own default
        response=of.words("responseType", RESPONSE),
        audience=of.text("audience"),
        event_codes=of.pairs("eventCode"),
        effective=of.time_or_none("effective"),
        onset=of.time_or_none("onset"),
        expires=of.time_or_none("expires"),
        sender_name=of.text("senderName"),
        headline=of.text("headline"),
        description=of.text("description"),
        instruction=of.text("instruction"),
        web=of.text("web"),
        contact=of.text("contact"),
        parameters=of.pairs("parameter"),
        resources=tuple(_resource(_Element(one, "resource")) for one in of.children("resource")),
        areas=tuple(_area(_Element(one, "area")) for one in of.children("area")),
    )


def _resource(of: _Element) -> Resource:
    return Resource(
        of.needed("resourceDesc"), of.needed("mimeType"), of.text("size"), of.text("uri"), of.text("derefUri"),
        of.text("digest"),
    )  # fmt: skip


def _area(of: _Element) -> Area:
    return Area(
        of.needed("areaDesc"), of.texts("polygon"), of.texts("circle"), of.pairs("geocode"), of.text("altitude"),
        of.text("ceiling"),
    )  # fmt: skip


def _references(text: str) -> Iterator[Reference]:
    for one in text.split():
        parts = one.split(",")
        if len(parts) != 3 or not parts[0] or not parts[1]:
            raise CapError(f"references: '{one[:120]}' 不是 is not sender,identifier,sent")
        yield Reference(parts[0], parts[1], _time("references", parts[2]))


@dataclass(frozen=True, slots=True)
class _Element:
    """An element of the message and what it is called in errors."""

    element: Tree.Element
    called: str

    def children(self, name: str) -> list[Tree.Element]:
        return self.element.findall(f"{{{NAMESPACE}}}{name}")

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple((one.text or "").strip() for one in self.children(name))

    def text(self, name: str) -> str:
        found = self.texts(name)
        if len(found) > 1:
            raise CapError(f"{self.called}.{name}: 出现多次 stands more than once")
        return found[0] if found else ""

    def needed(self, name: str) -> str:
        text = self.text(name)
        if not text:
            raise CapError(f"{self.called}.{name}: 缺失 missing")
        return text

    def name(self, name: str) -> str:
        text = self.needed(name)
        if _FORBIDDEN_IN_ID.intersection(text):
            raise CapError(f"{self.called}.{name}: 不可含空格、逗号 no spaces, commas, < or &: '{text[:120]}'")
        return text

    def word(self, name: str, of: tuple[str, ...]) -> str:
        return _one_of(f"{self.called}.{name}", self.needed(name), of)

    def words(self, name: str, of: tuple[str, ...], *, needed: bool = False) -> tuple[str, ...]:
        found = self.texts(name)
        if needed and not found:
            raise CapError(f"{self.called}.{name}: 缺失 missing")
        return tuple(_one_of(f"{self.called}.{name}", one, of) for one in found)

    def time(self, name: str) -> datetime:
        return _time(f"{self.called}.{name}", self.needed(name))

    def time_or_none(self, name: str) -> datetime | None:
        text = self.text(name)
        return _time(f"{self.called}.{name}", text) if text else None

    def pairs(self, name: str) -> Pairs:
        inner = [_Element(one, name) for one in self.children(name)]
        return tuple((one.needed("valueName"), one.text("value")) for one in inner)


def _one_of(called: str, text: str, of: tuple[str, ...]) -> str:
    if text not in of:
        raise CapError(f"{called}: '{text[:60]}' 不在 is not one of {', '.join(of)}")
    return text


def _time(called: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise CapError(f"{called}: '{text[:60]}' 不是带时区的时间 is no time with an offset")
    return moment


# ---- writing ----


def write(alert: Alert) -> bytes:
    """The document of a message; `read(write(alert)) == alert` for whatever `read` gives."""
    root = Tree.Element("alert", {"xmlns": NAMESPACE})
    _put(root, {
        "identifier": alert.identifier, "sender": alert.sender, "sent": _moment(alert.sent), "status": alert.status,
        "msgType": alert.message, "source": alert.source, "scope": alert.scope, "restriction": alert.restriction,
        "addresses": alert.addresses, "code": alert.codes, "note": alert.note,
        "references": " ".join(map(_reference, alert.references)), "incidents": alert.incidents,
    })  # fmt: skip
    for info in alert.infos:
        _put_info(Tree.SubElement(root, "info"), info)
    written: bytes = Tree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _put_info(into: Tree.Element, info: Info) -> None:
    _put(into, {
        "language": info.language, "category": info.category, "event": info.event, "responseType": info.response,
        "urgency": info.urgency, "severity": info.severity, "certainty": info.certainty, "audience": info.audience,
    })  # fmt: skip
    _put_pairs(into, "eventCode", info.event_codes)
    _put(into, {
        "effective": _moment(info.effective), "onset": _moment(info.onset), "expires": _moment(info.expires),
        "senderName": info.sender_name, "headline": info.headline, "description": info.description,
        "instruction": info.instruction, "web": info.web, "contact": info.contact,
    })  # fmt: skip
    _put_pairs(into, "parameter", info.parameters)
    for one in info.resources:
        _put(Tree.SubElement(into, "resource"), {
            "resourceDesc": one.description, "mimeType": one.mime_type, "size": one.size, "uri": one.uri,
            "derefUri": one.deref_uri, "digest": one.digest,
        })  # fmt: skip
    for area in info.areas:
        inner = Tree.SubElement(into, "area")
        _put(inner, {"areaDesc": area.description, "polygon": area.polygons, "circle": area.circles})
        _put_pairs(inner, "geocode", area.geocodes)
        _put(inner, {"altitude": area.altitude, "ceiling": area.ceiling})


def _put(into: Tree.Element, texts: Mapping[str, str | tuple[str, ...]]) -> None:
    """Elements in the order of the standard; an empty text is no element."""
    for name, given in texts.items():
        for text in (given,) if isinstance(given, str) else given:
            if text:
                Tree.SubElement(into, name).text = text


def _put_pairs(into: Tree.Element, name: str, pairs: Pairs) -> None:
    for value_name, value in pairs:
        inner = Tree.SubElement(into, name)
        Tree.SubElement(inner, "valueName").text = value_name
        Tree.SubElement(inner, "value").text = value


def _reference(one: Reference) -> str:
    return f"{one.sender},{one.identifier},{_moment(one.sent)}"


def _moment(moment: datetime | None) -> str:
    """With a numeric offset, and `-00:00` for UTC, as the standard asks."""
    text = moment.isoformat(timespec="seconds") if moment else ""
    return text.removesuffix("+00:00") + "-00:00" if text.endswith("+00:00") else text
