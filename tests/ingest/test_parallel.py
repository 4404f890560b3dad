"""Children at once give what one gives, in the order asked."""

from __future__ import annotations

from collections.abc import Callable

from assistant.config import Ingest
from assistant.errors import InputError
from ingest.parallel import read_all


def test_readings_and_refusals_come_in_order() -> None:
    loaded: list[int] = []

    def source(at: int) -> Callable[[], bytes]:
        def load() -> bytes:
            loaded.append(at)
            if at == 5:
                raise InputError("It changed meanwhile.")
            return b"" if at % 3 == 0 else f"Text {at}.".encode()

        return load

    results = list(read_all([(source(at), ".txt") for at in range(20)], Ingest(), workers=2))
    assert sorted(loaded) == list(range(20))
    for at, result in enumerate(results):
        if at == 5 or at % 3 == 0:
            assert isinstance(result, InputError)
        else:
            assert not isinstance(result, InputError)
            content, reading = result
            assert content.decode() == reading.text == f"Text {at}."


def test_leaving_early_ends_the_children() -> None:
    stream = read_all([(lambda: b"Text.", ".txt")] * 20, Ingest(), workers=1)
    first = next(stream)
    assert not isinstance(first, InputError)
    stream.close()
    assert list(stream) == []
