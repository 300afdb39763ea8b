import asyncio
import json

import pytest

from ioc.gateway.catalog import Catalog
from ioc.gateway.hub import Hub, Room
from ioc.gateway.reader import CHUNK, Position, Reader
from ioc.gateway.tally import Tally
from metrics.value_form import pack_values
from tests.ioc.gateway.scenery import BUNDLE

HERE = Position(b"100-5", b"100-5", 40)


@pytest.fixture
def reader() -> Reader:
    return Reader(None, Hub(lambda made: b"", Tally()), Tally(), {"live": Position(b"100-5", b"100-5", 40)})


def info(last: str, gone: str, added: int) -> dict:
    return {"last-generated-id": last, "max-deleted-entry-id": gone, "entries-added": added}


def test_a_stream_that_goes_on_is_trusted(reader):
    reader.check("live", info("100-7", "99-0", 42), HERE)
    assert reader.positions["live"].added == 42


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(info("100-4", "0-0", 41), id="it ends before what was read"),
        pytest.param(info("200-0", "100-6", 60), id="it was trimmed above what was read"),
        pytest.param(info("200-0", "0-0", 39), id="it has had fewer entries than before"),
    ],
)
def test_a_stream_that_broke_is_read_anew(reader, seen):
    reader.check("live", seen, HERE)
    assert reader.positions == {}
    assert reader.tally.reloads == 1


class Told:
    """A server that answers one read."""

    def __init__(self, values: list, completed: list) -> None:
        self._reply = [(b"ioc:live:{engine}:values", values), (b"ioc:live:{engine}:completed", completed)]

    async def xread(self, *_: object, **__: object) -> list:
        return self._reply


def test_what_is_complete_waits_until_what_was_published_with_it_is_read(reader):
    reader.hub.rooms["live"] = Room(Catalog.from_bundle(json.dumps(BUNDLE)), reader.tally)
    full = [(f"{100 + number}-0".encode(), {b"v": b"1", b"b": pack_values([])}) for number in range(CHUNK)]
    later = [(b"150-0", full[0][1]), (b"9999-0", full[0][1])]
    reader.client = Told(full, later)
    asyncio.run(reader._read())
    assert (reader.positions["live"].values, reader.positions["live"].completed) == (b"299-0", b"150-0")
    reader.client = Told(full[:1], later[1:])
    asyncio.run(reader._read())
    assert reader.positions["live"].completed == b"9999-0"


def test_an_unreadable_list_of_series_is_counted_and_drops_nothing(reader):
    assert reader._gone({b"gone": b"\x92\x01\x02"}) == []
    assert reader._gone({b"gone": b"\xc1"}) == []
    assert reader.tally.undecodable == 2
