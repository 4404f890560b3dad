"""What is served, as a manager looks at it: the documents with what is known of them, and a search without a language model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from assistant.config import Retrieve
from assistant.errors import InputError, MunimentError
from assistant.retrieve import FusedOrder, retrieve
from assistant.types import Document
from ingest.described import described
from ingest.quality import Finding
from ui.ask import Visitor
from ui.knowledge.gate import Data, Gate, day_of, text_of
from ui.knowledge.html_shelf import Trial, documents_html, search_html
from ui.knowledge.sight import Sight
from ui.shell import message_html

TOP = 10


class Shelf:
    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._compared: tuple[tuple[str, ...], Mapping[str, Sequence[Finding]]] = ((), {})

    def documents(self, sight: Sight, said: str = "") -> str:
        library, policy = self._gate.runtime.assistant().library, sight.policy
        documents = library.documents(sight.principal)
        access = {document.id: policy.access_of(document) for document in documents}
        collections = library.collections(sight.principal)
        return documents_html(documents, collections, self._findings(documents), access, self._gate.today())

    def _findings(self, documents: Sequence[Document]) -> Mapping[str, Sequence[Finding]]:
        """Comparing documents with each other takes a while: kept for as long as the same ones are looked at."""
        wanted = tuple(document.id for document in documents)
        known, findings = self._compared
        if known != wanted:
            findings = described(self._gate.catalogue(), self._gate.config.root, documents)[1]
            self._compared = (wanted, findings)
        return findings

    def search(self, sight: Sight, said: str = "") -> str:
        """The form as it is at first."""
        section = self._gate.config.retrieve
        trial = Trial(
            query="",
            dense=section.dense_weight,
            lexical=section.lexical_weight,
            top=TOP,
            rerank=False,
            as_of=self._gate.today(),
        )
        return search_html(trial, self._has_reranker(), said)

    def find(self, visitor: Visitor, data: Data) -> str:
        def found(sight: Sight) -> str:
            try:
                return search_html(self._tried(sight, data), self._has_reranker(), "")
            except MunimentError as error:
                return self.search(sight, message_html("That did not work", str(error)))

        return self._gate.shown(visitor, found)

    def _tried(self, sight: Sight, data: Data) -> Trial:
        assistant, query = self._gate.runtime.assistant(), text_of(data, "query")
        longest = self._gate.config.limits.question_characters
        if not query or len(query) > longest or any("\ud800" <= letter <= "\udfff" for letter in query):
            raise InputError(f"Give a question of at most {longest:,} characters.")
        section, as_of = self._section(data), day_of(data, "as_of")
        rerank = text_of(data, "rerank") == "yes"
        reranker = assistant.composer.reranker if rerank else FusedOrder()
        view = assistant.library.view()
        (hits,) = retrieve(view.snapshot, [query], view.mask(sight.principal, as_of), section, reranker)
        return Trial(
            query=query,
            dense=section.dense_weight,
            lexical=section.lexical_weight,
            top=section.hits,
            rerank=rerank,
            as_of=as_of,
            hits=hits,
        )

    def _section(self, data: Data) -> Retrieve:
        """The configured section with what was chosen; `InputError` for what is out of bounds."""
        chosen = {
            "dense_weight": text_of(data, "dense"),
            "lexical_weight": text_of(data, "lexical"),
            "hits": text_of(data, "top"),
        }
        try:
            section = Retrieve.model_validate({**self._gate.config.retrieve.model_dump(), **chosen})
        except ValidationError as error:
            raise InputError("Weights are numbers from 0 on, and the passages a whole number.") from error
        if section.hits > 50 or max(section.dense_weight, section.lexical_weight) > 100:
            raise InputError("At most 50 passages, and weights of at most 100.")
        if not section.dense_weight and not section.lexical_weight:
            raise InputError("One of the weights has to be more than 0.")
        return section

    def _has_reranker(self) -> bool:
        return not isinstance(self._gate.runtime.assistant().composer.reranker, FusedOrder)
