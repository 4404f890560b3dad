"""The command line: exit codes, one clear line for what fails, one JSON object and nothing else on stdout."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.build import Engines
from assistant.knowledge import snapshot as snapshots
from assistant.record.ledger import SqliteLedger
from tests.command_line import Cli, refused
from tests.world import DOCUMENTS, QUESTION, World
from ui.cli import TRACEBACK

ROOT = Path(__file__).resolve().parents[2]
TODAY = ("--as-of", "2026-11-21")


# ------------------------------------------------------------------------------------------------- ask


def test_ask_answers_with_the_contract_on_stdout_and_words_on_stderr(cli: Cli, world: World) -> None:
    told = cli("ask", QUESTION, *TODAY, "--json")
    assert told.code == 0
    assert (told.body["question"], told.body["status"], told.body["as_of"]) == (QUESTION, "answered", "2026-11-21")
    assert "£75" in told.body["answer"]
    assert told.lines == [f"{len(told.body['evidence'])} passages found"]
    for citation in told.body["citations"]:
        text = cli("documents", "show", citation["document_id"], "--text").out.decode("utf-8")
        assert text[citation["start"] : citation["end"]] == citation["quote"]
        assert hashlib.sha256(text.encode("utf-8")).hexdigest() == citation["text_sha256"]
    assert SqliteLedger(world.catalogue).verify(told.body["receipt"]["hash"]) == 3  # published, asked, answered


def test_ask_in_words_shows_the_passage(cli: Cli) -> None:
    out = cli("ask", QUESTION, *TODAY).out.decode("utf-8")
    assert "worth up to £75. [1]" in out
    assert "Gifts Policy › 1 Limits (rules/gifts-2026.md " in out
    assert "receipt " in out


def test_an_abstention_is_an_answer(cli: Cli) -> None:
    told = cli("ask", QUESTION, "--user", "nil", *TODAY, "--json")
    assert (told.code, told.body["status"], told.body["evidence"]) == (0, "abstained", [])
    assert "Not in the documents." in cli("ask", QUESTION, "--user", "nil", *TODAY).out.decode()


def test_ask_acts_as_a_principal_on_a_day(cli: Cli) -> None:
    violet = "What does the violet cabinet take?"
    assert "violet" not in cli("ask", violet, *TODAY, "--json").body["answer"]
    assert "violet" in cli("ask", violet, "--user", "mia", *TODAY, "--json").body["answer"]
    assert "violet" in cli("ask", violet, "--groups", "staff, mlro", *TODAY, "--json").body["answer"]
    assert "£40" in cli("ask", QUESTION, "--as-of", "2026-06-30", "--json").body["answer"]


def test_ask_reads_the_question_from_stdin(cli: Cli) -> None:
    assert "£75" in cli("ask", "-", *TODAY, "--json", stdin=QUESTION.encode()).body["answer"]
    broken = cli("ask", "-", *TODAY, "--json", stdin=b"gift \xff worth")
    assert (broken.code, broken.body["question"]) == (0, "gift \N{REPLACEMENT CHARACTER} worth")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ask", ""), "The question is empty"),
        (("ask", "x" * 2001), "2,001 characters"),
        (("ask", QUESTION, "--user", "ghost"), "There is no user 'ghost'"),
        (("documents", "list", "--user", "ghost"), "There is no user 'ghost'"),
        (("documents", "show", "d-unknown"), "There is no such document among those you may see."),
        (("snapshots", "verify", "s-unknown"), "There is no snapshot s-unknown"),
        (("ingest", "gone"), "gone does not exist"),
        (("ingest", "--collection", "gone.toml"), "gone.toml can't be read"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else "",
)
@pytest.mark.parametrize("form", [(), ("--json",)], ids=["words", "json"])
def test_what_is_refused_is_one_line(cli: Cli, arguments: tuple[str, ...], said: str, form: tuple[str, ...]) -> None:
    told = cli(*arguments, *form)
    assert (told.code, told.out) == (1, b"")
    assert said in told.lines[-1]
    assert "Traceback" not in told.err
    assert told.err.count("\n") <= 1


def test_a_fault_of_the_program_is_one_line_unless_its_trace_is_wanted(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted where the models are loaded."""

    def broken(config: object) -> Engines:
        raise ZeroDivisionError("by\nnothing")

    monkeypatch.setattr("assistant.build.build_engines", broken)
    refused(cli("ask", QUESTION), "ZeroDivisionError: by nothing")
    monkeypatch.setenv(TRACEBACK, "1")
    with pytest.raises(ZeroDivisionError):
        cli("ask", QUESTION)


@pytest.mark.parametrize(
    "arguments",
    [
        ("aks", "What?"),
        ("ask",),
        ("ask", "What?", "--loud"),
        ("ask", "What?", "--as-of", "yesterday"),
        ("documents", "list", "--as-of", "2026-13-01"),
        ("documents", "burn"),
        ("ingest", "--dry-run=maybe"),
        ("ingest", "--force"),
        ("snapshots", "publish", "s-x", "--force", "--reason", " "),
    ],
    ids=lambda arguments: " ".join(arguments),
)
def test_wrong_usage_is_two(cli: Cli, arguments: tuple[str, ...]) -> None:
    told = cli(*arguments)
    assert (told.code, told.out) == (2, b"")
    assert "Traceback" not in told.err


def test_without_knowledge_every_reading_command_says_what_to_do(cli: Cli, world: World) -> None:
    for file in (world.data / "muniment.sqlite", world.data / snapshots.POINTER):
        kept = file.read_bytes()
        file.unlink()
        for arguments in (("ask", QUESTION), ("documents", "list")):
            refused(cli(*arguments), "`muniment ingest`")
        file.write_bytes(kept)
    (world.data / snapshots.POINTER).unlink()
    refused(cli("snapshots", "verify"), "`muniment ingest`")


# ------------------------------------------------------------------------------------ documents, snapshots


def test_documents_are_those_the_user_may_read(cli: Cli) -> None:
    def uris(*arguments: str) -> set[str]:
        return {d["uri"] for d in cli("documents", "list", *arguments, "--json").body["documents"]}

    staff = {name for name in DOCUMENTS if name.startswith("rules/")}
    assert uris() == staff
    assert uris("--user", "mia") == set(DOCUMENTS)
    assert uris("--user", "guest") == {"rules/complaints.md"}
    assert uris("--user", "nil") == uris("--groups", "") == set()
    assert uris("--as-of", "2026-06-30") == staff - {"rules/gifts-2026.md"}
    assert len(cli("documents", "list").out.decode().splitlines()) == 3


def test_a_document_is_told_and_its_text_exactly(cli: Cli) -> None:
    listed = cli("documents", "list", "--user", "mia", "--json").body["documents"]
    for document in listed:
        shown = cli("documents", "show", document["id"], "--user", "mia", "--json").body
        text = cli("documents", "show", document["id"], "--user", "mia", "--text").out
        assert text.decode("utf-8") == shown["text"]
        assert not text.endswith(b"\n")
        assert hashlib.sha256(text).hexdigest() == shown["text_sha256"] == document["text_sha256"]
        assert document["characters"] == len(shown["text"])
        hidden = cli("documents", "show", document["id"], "--user", "nil", "--text")
        refused(hidden, "There is no such document among those you may see.")
        assert document["title"] in cli("documents", "show", document["id"], "--user", "mia").out.decode()


def test_snapshots_are_listed_and_verified(cli: Cli, world: World) -> None:
    first = snapshots.current_id(world.data)
    world.write("corpora/vault/note.md", "# Note\n\nThe key hangs behind the door.\n")
    second = cli("ingest", "--json").body["snapshot"]
    rows = cli("snapshots", "list", "--json").body["snapshots"]
    assert {row["id"]: row["served"] for row in rows} == {first: False, second: True}
    assert all(row["published"] for row in rows)
    assert "served" in cli("snapshots", "list").out.decode()
    assert cli("snapshots", "verify", "--json").body["snapshot"] == second
    assert cli("snapshots", "verify", str(first), "--json").body["intact"] is True
    file = snapshots.folder_of(world.data, second) / snapshots.DENSE
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    refused(cli("snapshots", "verify"), "dense.faiss was altered")
    refused(cli("documents", "list", "--json"), "dense.faiss was altered")


# ---------------------------------------------------------------------------------------------- ingest


def test_ingest_reports_in_json_and_progress_goes_to_stderr(cli: Cli, world: World) -> None:
    world.write("corpora/vault/note.md", "# Note\n\nThe key hangs behind the door.\n")
    world.write("corpora/vault/broken.docx", "no zip file")
    dry = cli("ingest", "--dry-run", "--json").body
    assert (dry["snapshot"], dry["published"], dry["added"]) == (None, False, ["vault/broken.docx", "vault/note.md"])
    told = cli("ingest", "--json")
    body = told.body
    assert told.code == 0
    assert (body["added"], body["published"], body["embedded"]) == (["vault/note.md"], True, 1)
    assert [q["uri"] for q in body["quarantined"]] == ["vault/broken.docx"]
    assert any(line.startswith("read ") for line in told.lines)
    again = cli("ingest", "--json").body
    assert (again["snapshot"], again["embedded"], again["published"]) == (body["snapshot"], 0, False)
    words = cli("ingest").out.decode()
    assert "refused vault/broken.docx" in words
    assert "5 documents" in words


def test_ingest_without_publishing_leaves_the_old_served(cli: Cli, world: World) -> None:
    before = snapshots.current_id(world.data)
    world.write("corpora/vault/note.md", "# Note\n\nThe key hangs behind the door.\n")
    body = cli("ingest", "--no-publish", "--json").body
    assert not body["published"]
    assert snapshots.current_id(world.data) == before != body["snapshot"]


def test_a_path_with_a_collection_file_from_elsewhere(cli: Cli, world: World) -> None:
    folder = world.root / "inbox"
    file = world.write("inbox/memo.txt", "The lift stays locked on Sundays.\n")
    toml = world.write(
        "memos.toml", (world.root / "corpora/vault/collection.toml").read_text().replace("vault", "memos")
    )
    refused(cli("ingest", str(folder)), "has no collection.toml")
    body = cli("ingest", str(file), "--collection", str(toml), "--json").body
    assert (body["added"], body["removed"]) == (["memos/inbox/memo.txt"], [])
    assert body["documents"] == 5


def test_a_file_name_that_is_no_text_is_refused(cli: Cli, world: World) -> None:
    name = os.fsdecode(b"caf\xe9.md")
    (world.root / "corpora" / "vault" / name).write_text("# Menu\n\nSoup.\n", encoding="utf-8")
    told = cli("ingest", "--json")
    assert told.code == 0
    assert [q["uri"] for q in told.body["quarantined"]] == ["vault/caf?.md"]


# ------------------------------------------------------------------------------------- as a real process


def process(world: World, *arguments: str | bytes) -> subprocess.CompletedProcess[bytes]:
    config = str(world.root / "configs" / "default.toml")
    return subprocess.run(
        [sys.executable, "-m", "ui.cli", *arguments, "--config", config], capture_output=True, cwd=ROOT, check=False
    )


def test_as_a_process(world: World) -> None:
    told = process(world, "documents", "list", "--json")
    assert (told.returncode, told.stderr) == (0, b"")
    assert len(json.loads(told.stdout)["documents"]) == 3
    told = process(world, "documents", "show", b"d-\xff\xfe", "--user", b"\xff")
    assert (told.returncode, told.stdout) == (1, b"")
    assert told.stderr.count(b"\n") == 1
    told = process(world, "ask", QUESTION)
    assert (told.returncode, told.stdout) == (1, b"")
    assert told.stderr.count(b"\n") == 1, told.stderr.decode()
