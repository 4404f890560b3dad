"""The assistant while it loads, serves or has failed to load: faces listen at once and say so."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from assistant.answer import Assistant
from assistant.errors import Transient
from assistant.models import heap

LOADING = "The documents and models are still loading; try again in a few seconds."


class Runtime:
    """Starts building at once, on a thread of its own."""

    def __init__(self, build: Callable[[], Assistant]) -> None:
        worker = ThreadPoolExecutor(1, thread_name_prefix="load")
        self.future: Future[Assistant] = worker.submit(self._build, build)
        worker.shutdown(wait=False)

    @staticmethod
    def _build(build: Callable[[], Assistant]) -> Assistant:
        """Opens the knowledge and warms the models too, so that the first question does not pay for it."""
        with heap.loading():
            assistant = build()
            assistant.ready()
            assistant.warm()
        return assistant

    @property
    def loading(self) -> bool:
        return not self.future.done()

    def assistant(self) -> Assistant:
        """Raises `Transient` while loading, afterwards what loading raised."""
        if self.loading:
            raise Transient(LOADING)
        return self.future.result()

    def ready(self) -> None:
        """Raises the `MunimentError` that says why no question can be answered now."""
        self.assistant().ready()
