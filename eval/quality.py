"""The quality report over folders of files that are known to be sound: what it finds there is, mostly, a false alarm.

    python -m eval.quality FOLDER…

Each file is read and examined, each folder compared as one corpus whose documents are all in force; dates and lineages of a
`collection.toml` are not looked at, so that versions of one document are told as contradictions here. Prints for each folder
the documents by kind and severity, the processor seconds, and every finding that is more than a note.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assistant.errors import InputError
from assistant.types import Document
from ingest.canonical import sha256_text
from ingest.quality import Finding, compare, examine
from ingest.readers import SUFFIXES, reader_for


def report(folder: Path) -> dict[str, Any]:
    documents: list[Document] = []
    counts: Counter[str] = Counter()
    told: list[str] = []
    spent = {"read": 0.0, "examine": 0.0, "compare": 0.0}

    def note(name: str, findings: Sequence[Finding]) -> None:
        counts.update({f"{each.kind}: {each.severity}" for each in findings})
        told.extend(f"{name}: {each.severity}: {each.message}" for each in findings if each.severity != "note")

    for file in sorted(each for each in folder.iterdir() if each.suffix.lower() in SUFFIXES):
        started = time.process_time()
        try:
            reading = reader_for(file.suffix).read(file.read_bytes())
        except InputError as refusal:
            told.append(f"{file.name}: refused: {refusal}")
            continue
        read = time.process_time()
        note(file.name, examine(reading))
        spent["read"] += read - started
        spent["examine"] += time.process_time() - read
        documents.append(
            Document(
                id=file.name,
                key=file.name,
                version="",
                uri=file.name,
                title=reading.title,
                text=reading.text,
                text_sha256=sha256_text(reading.text),
                landmarks=reading.landmarks,
                collection=folder.name,
                reader="",
            )
        )
    started = time.process_time()
    for name, findings in compare(documents).items():
        note(name, findings)
    spent["compare"] = time.process_time() - started
    return {
        "documents": len(documents),
        "characters": sum(len(each.text) for each in documents),
        "findings": dict(sorted(counts.items())),
        "seconds": {stage: round(seconds, 1) for stage, seconds in spent.items()},
        "told": told,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="The quality report over folders of sound files.")
    parser.add_argument("folders", nargs="+", type=Path)
    told = {folder.name: report(folder) for folder in parser.parse_args(arguments).folders}
    print(json.dumps(told, indent=1, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
