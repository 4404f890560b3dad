# mypy: disable-error-code="import-not-found,import-untyped,unused-ignore"
"""The other side of `eval.compare_peer`: LangChain over the same files, in its own Python, which knows nothing of ours.

    PEER_PYTHON eval/peer_langchain.py plain|indexed FILES MODEL STORE

One run of an ingestion as its documentation shows it: a loader by file type, `RecursiveCharacterTextSplitter` with 1,000
characters and 200 of overlap, `HuggingFaceEmbeddings` over the sentence-transformers folder MODEL, FAISS, saved to STORE.
``plain`` adds what it loads to the saved index; ``indexed`` goes through LangChain's indexing API with an SQL record manager
and ``cleanup="full"``. Prints one JSON object: passages in the index, texts embedded, seconds by stage, and for each probe
(a file's name) how many passages of the index still come from it.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")


def main() -> int:
    way, files, model, store = sys.argv[1], Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
    began = time.perf_counter()
    from langchain_community.document_loaders import BSHTMLLoader, TextLoader
    from langchain_community.embeddings import HuggingFaceEmbeddings
    from langchain_community.vectorstores import FAISS
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    class Counting(HuggingFaceEmbeddings):  # type: ignore[misc]  # the peer is not installed where types are checked
        embedded: int = 0

        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            self.embedded += len(texts)
            found: list[list[float]] = super().embed_documents(texts)
            return found

    embeddings = Counting(model_name=model, encode_kwargs={"normalize_embeddings": True, "batch_size": 32})
    spent = {"start": time.perf_counter() - began}

    began = time.perf_counter()
    loaded: list[Any] = []
    refused: list[str] = []
    for file in sorted(files.iterdir()):
        if file.suffix not in (".txt", ".html"):
            continue
        html = file.suffix == ".html"
        loader = BSHTMLLoader(str(file), open_encoding="utf-8") if html else TextLoader(str(file), encoding="utf-8")
        try:
            loaded += loader.load()
        except Exception as error:  # noqa: BLE001 - what another library raises is part of what is compared
            refused.append(f"{file.name}: {type(error).__name__}")
    parts = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200).split_documents(loaded)
    spent["read and split"] = time.perf_counter() - began

    began = time.perf_counter()
    saved = (store / "index.faiss").is_file()
    if way == "plain":
        if saved:
            index = FAISS.load_local(str(store), embeddings, allow_dangerous_deserialization=True)
            index.add_documents(parts)
        else:
            index = FAISS.from_documents(parts, embeddings)
        told: dict[str, Any] = {}
    else:
        index, told = _indexed(parts, embeddings, store, saved)
    store.mkdir(parents=True, exist_ok=True)
    index.save_local(str(store))
    spent["embed and store"] = time.perf_counter() - began

    origins = [Path(index.docstore.search(key).metadata["source"]).name for key in index.index_to_docstore_id.values()]
    print(
        json.dumps(
            {
                "documents": len(loaded),
                "refused": refused,
                "passages": index.index.ntotal,
                "embedded": embeddings.embedded,
                "of_probes": {name: origins.count(name) for name in sys.argv[5:]},
                "indexing": told,
                "seconds": {name: round(value, 2) for name, value in spent.items()},
                "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            }
        )
    )
    return 0


def _indexed(parts: list[Any], embeddings: Any, store: Path, saved: bool) -> tuple[Any, dict[str, Any]]:
    from langchain_community.docstore.in_memory import InMemoryDocstore
    from langchain_community.indexes._sql_record_manager import SQLRecordManager
    from langchain_community.vectorstores.faiss import FAISS, dependable_faiss_import
    from langchain_core.indexing import index as index_documents

    store.mkdir(parents=True, exist_ok=True)
    if saved:
        index = FAISS.load_local(str(store), embeddings, allow_dangerous_deserialization=True)
    else:
        width = len(embeddings.embed_query("width"))
        index = FAISS(embeddings, dependable_faiss_import().IndexFlatL2(width), InMemoryDocstore(), {})
    records = SQLRecordManager("rules", db_url=f"sqlite:///{store}/records.sqlite")
    records.create_schema()
    told = index_documents(parts, records, index, cleanup="full", source_id_key="source", key_encoder="sha256")
    return index, dict(told)


if __name__ == "__main__":
    sys.exit(main())
