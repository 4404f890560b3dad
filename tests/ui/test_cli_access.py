"""A revocation holds from the next question on, and no ingestion gives it back."""

from __future__ import annotations

import pytest

from assistant.errors import InputError
from assistant.knowledge.withdrawals import restore, revoke
from assistant.record.ledger import SqliteLedger
from tests.command_line import Cli, refused
from tests.world import MLRO, STAFF, World, ask


def test_a_revocation_holds_until_it_is_taken_back_by_name(world: World) -> None:
    assistant = world.assistant()
    assert "£75" in ask(assistant).text
    revoke(world.catalogue, "rules/gifts", "staff", who="ann", why="a leak")
    assert not any("gifts" in hit.document.uri for hit in ask(assistant).hits)
    world.write("corpora/vault/note.md", "# Note\n\nThe key hangs behind the door.\n")
    assert world.ingest().published, "the gate knows of it"
    assert {d.uri for d in world.library().documents(STAFF)} == {"rules/complaints.md"}
    with pytest.raises(InputError, match="revoked from staff already"):
        revoke(world.catalogue, "rules/gifts", "staff", who="ann", why="x")
    restore(world.catalogue, "rules/gifts", "staff", who="ann", why="mended")
    assert "£75" in ask(assistant).text
    with pytest.raises(InputError, match="is not revoked"):
        restore(world.catalogue, "rules/gifts", "staff", who="ann", why="x")
    assert SqliteLedger(world.catalogue).verify() == 10


def test_the_commands(cli: Cli, world: World) -> None:
    assert cli("access", "revoke", "rules", "--group", "public").code == 2
    refused(cli("access", "revoke", "vault", "--group", "mlro", "--reason", "x"), "among those you may see")
    body = cli("access", "revoke", "rules", "--group", "public", "--reason", "closed", "--json").body
    assert (body["name"], body["group"], body["act"]) == ("rules", "public", "revoked")
    assert cli("documents", "list", "--user", "guest", "--json").body["documents"] == []
    rules = {row["uri"]: row["deny"] for row in cli("access", "show", "--json").body["documents"]}
    assert (
        set(rules)
        == {d.uri for d in world.library().documents(STAFF)}
        != {d.uri for d in world.library().documents(MLRO)}
    )
    assert set(map(tuple, rules.values())) == {("public",)}
    assert (
        "restored to public" in cli("access", "restore", "rules", "--group", "public", "--reason", "open").out.decode()
    )
    assert len(cli("documents", "list", "--user", "guest", "--json").body["documents"]) == 1
