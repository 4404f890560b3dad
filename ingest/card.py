"""The dataset card of a snapshot, in the form of the Hugging Face Hub: Markdown behind a block of YAML.

Everything in it is counted from the snapshot, its collections and its quality reports; nothing is claimed that is not. The
caller decides what its readers may know of: a document that is not given is not mentioned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from assistant.errors import InputError
from assistant.types import Document, Passage
from ingest.discover import Collection
from ingest.quality import Finding

_WIDTH = 24
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LARGEST = "n>1M"
_ON_THE_HUB = frozenset(
    {"apache-2.0", "mit", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc0-1.0", "bsd-3-clause", "ogl-uk-3.0"}
)
_GAP = 0.5
_SEVERITIES = ("blocks", "warning", "note")
_INTRODUCTION = (
    "The knowledge of snapshot `{snapshot}`: {documents} documents, {passages} passages. Every passage is a stretch of its "
    "document's canonical text, which the document's SHA-256 pins."
)
_USE = (
    "## Use\n\nTo be searched and quoted with citations. It is not legal advice, and what is not in force on the day of a "
    "question must not be used to answer it."
)


def dataset_card(
    *,
    snapshot: str,
    documents: Sequence[Document],
    passages: Sequence[Passage],
    collections: Sequence[Collection],
    findings: Mapping[str, Sequence[Finding]],
    today: date,
) -> str:
    """The card's text. ``findings``: by document id, as `ingest.quality.examine` and `compare` give them; ``today`` decides
    what is in force and which reviews are overdue. Raises `InputError` where there is no document."""
    from huggingface_hub import DatasetCardData

    if not documents:
        raise InputError(f"{snapshot} has no document to describe.")
    used = {document.collection for document in documents}
    described = [collection for collection in collections if collection.id in used]
    licences = sorted({_hub_licence(collection.licence) for collection in described}) or ["unknown"]
    data = DatasetCardData(
        language=["en"],
        license=licences if len(licences) > 1 else licences[0],
        size_categories=next((name for limit, name in _SIZES if len(passages) < limit), _LARGEST),
        task_categories=["question-answering", "text-retrieval"],
        pretty_name=", ".join(collection.title for collection in described) or snapshot,
        tags=["compliance", "citations"],
    )
    body = "\n\n".join(
        [
            f"# {data.pretty_name}",
            _INTRODUCTION.format(snapshot=snapshot, documents=len(documents), passages=len(passages)),
            *_sources(described, documents, passages),
            *_documents(documents, today),
            *_quality(documents, findings),
            *_gaps(described, documents, passages, findings, today),
            _USE,
        ]
    )
    return f"---\n{data.to_yaml()}\n---\n\n{body}\n"


def _sources(
    collections: Sequence[Collection], documents: Sequence[Document], passages: Sequence[Passage]
) -> Iterator[str]:
    yield "## Sources, owners, licences"
    home = {document.id: document.collection for document in documents}
    per_passage = Counter(home[p.document_id] for p in passages if p.document_id in home)
    per_document = Counter(document.collection for document in documents)
    yield _table(
        ["Collection", "Owner", "Licence", "Review by", "Readers", "Documents", "Passages"],
        [
            [
                c.title,
                c.owner,
                c.licence,
                c.review_date.isoformat(),
                ", ".join(sorted(c.access.allow)) or "nobody",
                str(per_document[c.id]),
                str(per_passage[c.id]),
            ]
            for c in collections
        ],
    )
    formats = Counter(document.uri.rpartition(".")[2].lower() for document in documents)
    yield _chart("Format", formats)
    yield _chart("Passages by collection", per_passage)


def _documents(documents: Sequence[Document], today: date) -> Iterator[str]:
    yield "## Documents"
    yield _table(
        ["Document", "Path", "In force", "Version (SHA-256)", "Characters"],
        [
            [d.title, d.uri, _in_force(d, today), f"`{d.version[:12]}`", f"{len(d.text):,}"]
            for d in sorted(documents, key=lambda each: each.uri)
        ],
    )


def _quality(documents: Sequence[Document], findings: Mapping[str, Sequence[Finding]]) -> Iterator[str]:
    yield "## Quality"
    ids = {document.id for document in documents}
    looked_at = ids & findings.keys()
    by_kind: dict[str, Counter[str]] = {}
    for identity in looked_at:
        for kind, severity in {(each.kind, each.severity) for each in findings[identity]}:
            by_kind.setdefault(kind, Counter())[severity] += 1
    yield f"{len(looked_at)} of {len(ids)} documents have a quality report. Documents by what was found:"
    rows = [[kind, *(str(by_kind[kind][s]) for s in _SEVERITIES)] for kind in sorted(by_kind)]
    yield (
        _table(["Finding", "Blocking, released by a person", "Warning", "Note"], rows) if rows else "Nothing was found."
    )


def _gaps(
    collections: Sequence[Collection],
    documents: Sequence[Document],
    passages: Sequence[Passage],
    findings: Mapping[str, Sequence[Finding]],
    today: date,
) -> Iterator[str]:
    yield "## Known gaps and biases"
    count = len(documents)
    told = ["English only; what pictures and diagrams say is not in it."]
    undescribed = {d.collection for d in documents} - {c.id for c in collections}
    if undescribed:
        told.append(f"Owner and licence are not known here for: {', '.join(sorted(undescribed))}.")
    overdue = [c.title for c in collections if c.review_date < today]
    if overdue:
        told.append(f"The review is overdue for: {', '.join(overdue)}.")
    undated = sum(d.effective_from is None for d in documents)
    if undated:
        told.append(
            f"{undated} of {count} documents don't say since when they are in force; they count as always in force."
        )
    past = sum(d.effective_to is not None and d.effective_to < today for d in documents)
    if past:
        told.append(f"{past} of {count} documents are no longer in force; they answer questions about earlier days.")
    unnamed = sum(not any(mark.kind == "heading" for mark in d.landmarks) for d in documents)
    if unnamed:
        told.append(
            f"{unnamed} of {count} documents have no headings that could be recognised: their passages have no place."
        )
    missing = count - len({d.id for d in documents} & findings.keys())
    if missing:
        told.append(f"{missing} of {count} documents have no quality report.")
    home = Counter(p.document_id for p in passages)
    if len(documents) > 1 and passages:
        identity, most = home.most_common(1)[0]
        title = next((d.title for d in documents if d.id == identity), identity)
        if most > _GAP * len(passages):
            told.append(
                f"One document, {title}, holds {most / len(passages):.0%} of all passages and will be found most often."
            )
    told.append("It says what its owners wrote: their view of their duties, not the regulator's.")
    yield "\n".join(f"- {each}" for each in told)


def _hub_licence(licence: str) -> str:
    return licence.lower() if licence.lower() in _ON_THE_HUB else "other"


def _in_force(document: Document, today: date) -> str:
    since, until = document.effective_from, document.effective_to
    now = (since is None or since <= today) and (until is None or today <= until)
    span = f"{since or '…'} – {until or '…'}" if since or until else "always"
    return span if now else f"{span} (not on {today})"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    line = " ".join(text.split())
    return line.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def _chart(name: str, counts: Counter[str]) -> str:
    """A bar for each, as characters: a card has no scripts, and a picture would be one more file to keep."""
    most = max(counts.values(), default=1)
    rows = [
        [label, "█" * max(1, round(_WIDTH * count / most)), str(count)]
        for label, count in counts.most_common()
        if count
    ]
    return _table([name, "", "Number"], rows)
