import pytest

from ioc.gateway.hub import Hub
from ioc.gateway.reader import Position, Reader
from ioc.gateway.tally import Tally

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
