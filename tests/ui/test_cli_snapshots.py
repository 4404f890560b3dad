"""``muniment snapshots …``: one JSON object, the right exit code, and nobody told of what they may not read."""

from __future__ import annotations

from assistant.knowledge import snapshot as snapshots
from tests.command_line import Cli, refused
from tests.world import World


def changed(cli: Cli, world: World) -> str:
    world.write("corpora/vault/note.md", "# Note\n\nThe key hangs behind the door.\n")
    body = cli("ingest", "--no-publish", "--user", "ann", "--json").body
    assert not body["published"]
    return str(body["snapshot"])


def test_publish_and_rollback(cli: Cli, world: World) -> None:
    first, second = snapshots.current_id(world.data), changed(cli, world)
    waiting = {row["id"]: row["waits"] for row in cli("snapshots", "list", "--json").body["snapshots"]}
    assert waiting == {first: False, second: True}
    assert cli("snapshots", "publish", second, "--user", "mia", "--reason", "agreed", "--json").body["published"]
    assert snapshots.current_id(world.data) == second
    shown = cli("snapshots", "show", "--json").body
    assert (shown["snapshot"], shown["served"], shown["prepared"]["who"]) == (second, True, "ann")
    assert [(row["who"], row["why"]) for row in shown["publications"]] == [("mia", "agreed")]
    assert shown["verdict"]["passed"]
    assert cli("snapshots", "rollback", "--reason", "oops", "--json").body == {
        "schema_version": 1,
        "snapshot": first,
        "from": second,
    }
    assert snapshots.current_id(world.data) == first
    words = cli("snapshots", "show", second).out.decode()
    assert "publish 2026" in words
    assert "by mia: agreed" in words
    assert "pass removals" in words
    refused(cli("snapshots", "rollback"), "no earlier snapshot")
    refused(cli("snapshots", "publish", "s-unknown"), "was not prepared")
    refused(cli("snapshots", "publish", second, "--user", "ghost"), "There is no user 'ghost'")


def test_show_and_diff_tell_only_what_the_user_may_read(cli: Cli, world: World) -> None:
    first, second = str(snapshots.current_id(world.data)), changed(cli, world)
    for user, added in (("mia", ["vault/note.md"]), ("ann", []), ("nil", [])):
        found = cli("snapshots", "diff", first, second, "--user", user, "--json").body
        assert found["added"] == added
        assert found["unchanged"] == {"mia": 4, "ann": 3, "nil": 0}[user]
        shown = cli("snapshots", "show", second, "--user", user, "--json").body
        assert len(shown["documents"]) == {"mia": 5, "ann": 3, "nil": 0}[user]
    assert "vault" not in cli("snapshots", "show", second, "--user", "ann", "--json").out.decode()
    assert "+ vault/note.md" in cli("snapshots", "diff", first, second, "--user", "mia").out.decode()


def test_prune(cli: Cli, world: World) -> None:
    first = snapshots.current_id(world.data)
    for n in range(2):
        world.write("corpora/vault/note.md", f"# Note\n\nThe key hangs behind door {n}.\n")
        cli("ingest")
    assert cli("snapshots", "prune", "--dry-run", "--json").body["removed"] == [first]
    assert f"gone  {first}" in cli("snapshots", "prune").out.decode()
    assert len(cli("snapshots", "list", "--json").body["snapshots"]) == 2
    assert cli("snapshots", "prune", "--force").code == 2


def test_the_card_tells_what_the_user_may_read(cli: Cli, world: World) -> None:
    for user, seen in (("mia", True), ("ann", False)):
        card = cli("snapshots", "card", "--user", user).out.decode()
        assert card.startswith("---\n")
        assert "Gifts Policy" in card
        assert ("Restricted procedures" in card) is seen
        assert ("Suspicion Reports" in card) is seen
