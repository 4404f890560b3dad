"""The knowledge manager's room, its handlers as plain functions on the real pipeline: what it does, and who may not."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest

from assistant.access import may_read
from assistant.errors import AccessError, InputError
from assistant.knowledge import snapshot as snapshots
from assistant.knowledge.quarantine import decisions
from assistant.record.ledger import SqliteLedger
from assistant.types import Principal
from tests.ui.knowledge_world import ANN, KIM, LEE, NED, PROMPT, Managed, words
from tests.world import GIFTS, MLRO, NOW, World, ask, question
from ui.ask import Visitor
from ui.auth import COOKIE
from ui.knowledge.html import ROOMS
from ui.knowledge.room import Room
from ui.knowledge.sight import Sight

NEW = "# Travel Policy\n\n## 1 Fares\n\nStaff must travel by rail where a journey takes less than four hours."
KIM_HERSELF = Principal(user="kim", groups=frozenset({"staff", "mlro", "knowledge"}))
NED_HIMSELF = Principal(user="ned", groups=frozenset({"staff", "knowledge"}))


@pytest.fixture
def managed(world: World) -> Managed:
    return Managed.make(world)


def button(html: str, event: str, name: str = "snapshot") -> str:
    """What the form or button that sends ``event`` would send as ``name``."""
    found = re.search(rf'data-(?:submit|send)="{event}" data-{name}="([^"]+)"', html)
    assert found, f"no {event} in {words(html)}"
    return found[1]


def served(managed: Managed) -> str | None:
    return snapshots.current_id(managed.world.data)


# ------------------------------------------------------------------------------------------------ who may


EVERYTHING: dict[str, Callable[[Room, Visitor], str]] = {
    **{f"panel {name}": lambda room, who, name=name: room.panel(who, name) for name in ROOMS},  # type: ignore[misc]
    "nav": lambda room, who: room.nav(who),
    "fill_in": lambda room, who: room.sources.fill_in(
        who, {"collection": "rules", "title": "T", "owner": "O", "licence": "L", "review_date": "2030-01-01"}
    ),
    "describe": lambda room, who: room.sources.describe(
        who, {"collection": "rules", "path": "complaints.md", "title": "T"}
    ),
    "decide": lambda room, who: room.sources.decide(who, {"document": "d-1", "act": "released", "reason": "r"}),
    "look": lambda room, who: room.releases.look(who),
    "prepare": lambda room, who: room.releases.prepare(who, {"reason": "r"}),
    "publish": lambda room, who: room.releases.publish(who, {"snapshot": "s-1", "reason": "r"}, on="changes"),
    "rollback": lambda room, who: room.releases.rollback(who, {"snapshot": "s-1", "reason": "r"}),
    "compare": lambda room, who: room.releases.compare(who, {"snapshot": "s-1"}),
    "find": lambda room, who: room.shelf.find(
        who, {"query": "gift", "dense": "1", "lexical": "1", "top": "5", "as_of": "2026-11-21"}
    ),
}


@pytest.mark.parametrize("name", EVERYTHING)
@pytest.mark.parametrize("who", [ANN, Visitor(cookies={}, page="p"), Visitor(cookies={COOKIE: "nobody"}, page="p")])
def test_who_is_no_manager_is_refused_everything(managed: Managed, name: str, who: Visitor) -> None:
    before = {f: f.read_bytes() for f in managed.world.config.corpora.rglob("*") if f.is_file()}
    ledger = SqliteLedger(managed.world.catalogue).verify()
    said = words(EVERYTHING[name](managed.room, who))
    assert "Only knowledge managers" in said or "There is no such user" in said
    assert not re.search("gift|complaint|rules|vault|s-", said, re.IGNORECASE)
    assert managed.room.work.job() is None
    assert {f: f.read_bytes() for f in managed.world.config.corpora.rglob("*") if f.is_file()} == before
    assert SqliteLedger(managed.world.catalogue).verify() == ledger


def test_nobody_uploads_who_is_no_manager(managed: Managed) -> None:
    for principal in (Principal(user="ann", groups=frozenset({"staff"})), MLRO):
        with pytest.raises(AccessError, match="Only knowledge managers"):
            managed.room.sources.upload(principal, "rules", "new.md", b"x", replace=False)
    with pytest.raises(AccessError, match="no such collection"):
        managed.room.sources.upload(NED_HIMSELF, "vault", "new.md", b"x", replace=False)
    assert not (managed.world.config.corpora / "rules" / "new.md").exists()


def test_a_manager_sees_only_what_they_may_read(managed: Managed) -> None:
    managed.world.write("corpora/vault/second.md", "# Second\n\nAnother violet cabinet.")
    managed.world.write("corpora/rules/travel.md", NEW)
    managed.world.write("corpora/vault/poisoned.md", PROMPT)
    managed.prepared(KIM)
    for name in ROOMS:
        hers, his = (managed.room.panel(who, name) for who in (KIM, NED))
        assert not re.search("vault|violet|second|reports|poisoned", words(his), re.IGNORECASE), name
        if name not in ("search", "snapshots"):
            assert re.search("vault|restricted|second|reports|poisoned", words(hers), re.IGNORECASE), name
    managed.looked(NED)
    own = managed.room.panel(NED, "changes")
    assert "travel.md" in own
    assert "second.md" not in own
    found = managed.room.shelf.find(
        NED, {"query": "violet cabinet", "dense": "1", "lexical": "1", "top": "9", "as_of": "2026-11-21"}
    )
    assert "violet" not in words(found).replace("violet cabinet", "", 1)


def test_known_questions_that_change_or_have_no_place_are_told(managed: Managed) -> None:
    lost = {"question": "Who pays for the spare badge?", "document": "complaints.md", "section": "99.1"}
    managed.world.know(lost)
    assert "The known questions of Rules change." in words(managed.looked(KIM))
    prepared = words(managed.prepared(KIM))
    assert "Known questions whose section is not there; they are left out." in prepared
    assert "rules/complaints.md" in prepared
    assert "99.1 Who pays for the spare badge?" in " ".join(prepared.split())


def test_what_is_restricted_inside_a_collection_is_not_named(managed: Managed) -> None:
    rules = managed.world.config.corpora / "rules" / "collection.toml"
    text = rules.read_text(encoding="utf-8")
    entry = '[[documents]]\npath = "raids.md"\naccess = { allow = ["mlro"] }\n'
    rules.write_text(text + entry, encoding="utf-8")
    managed.world.write("corpora/rules/raids.md", "# Dawn raids\n\nThe officers wait in the foyer.")
    assert "raids" not in managed.looked(NED)
    assert "Documents that you may not read took part too" in managed.looked(NED)
    assert "raids" in managed.looked(KIM)
    assert "raids" not in words(managed.room.panel(NED, "sources"))
    with pytest.raises(AccessError):
        managed.room.sources.upload(NED_HIMSELF, "rules", "raids.md", b"words", replace=True)
    told = managed.room.sources.describe(NED, {"collection": "rules", "path": "raids.md", "title": "Mine"})
    assert "no such file among those you may see" in words(told)


def test_sight_is_what_both_rules_admit(managed: Managed) -> None:
    sight = managed.room.gate.sight(NED_HIMSELF)
    assert isinstance(sight, Sight)
    for document in managed.world.library().current().documents.values():
        readable = may_read(NED_HIMSELF, managed.world.catalogue.policy().access_of(document))
        assert sight.document(document) == sight.uri(document.uri) == readable
    assert not sight.uri("nowhere/at-all.md")


# ------------------------------------------------------------------------------------------------ a release


def test_from_a_dropped_file_to_an_answer_and_back(managed: Managed) -> None:
    room, first = managed.room, served(managed)
    assert room.sources.upload(KIM_HERSELF, "rules", "travel.md", NEW.encode(), replace=False).state == "added"
    looked = managed.looked()
    assert "1 added" in looked
    assert "rules/travel.md" in looked
    assert "staff" in looked
    assert served(managed) == first
    done = managed.prepared(reason="rail first")
    assert "The gate lets it pass" in done
    assert "rail first" in done
    assert served(managed) == first, "prepared is not published"
    made = button(room.panel(KIM, "changes"), "publish")
    assert "is served" in words(room.releases.publish(KIM, {"snapshot": made, "reason": "agreed"}, on="changes"))
    assert served(managed) == made
    assistant = room.gate.runtime.assistant()
    answer = ask(assistant, question("By what must staff travel where a journey takes less than four hours?"))
    assert any("rail" in c.quote for c in answer.citations)
    shown = room.panel(KIM, "snapshots")
    assert words(shown).count("served") == 1
    old = button(shown, "rollback")
    assert old == first
    assert "is served again" in words(room.releases.rollback(KIM, {"snapshot": old, "reason": "too soon"}))
    assert served(managed) == first
    last = managed.world.catalogue.publications()[-1]
    assert (last["kind"], last["who"], last["why"]) == ("rollback", "kim", "too soon")


def test_progress_has_real_counts(managed: Managed) -> None:
    managed.world.write("corpora/rules/travel.md", NEW)
    managed.prepared()
    job = managed.room.work.job()
    assert job is not None
    counts = {one.stage: (one.done, one.total) for one in job.stages}
    assert counts["read"] == (5, 5)
    assert counts["discover"] == (5, 5)
    assert (job.stages[0].stage, job.stages[-1].stage) == ("discover", "judge")


def test_what_was_looked_at_is_what_is_prepared(managed: Managed) -> None:
    room = managed.room
    assert "Look at what would change first" in words(room.releases.prepare(KIM, {"reason": "r"}))
    managed.world.write("corpora/rules/travel.md", NEW)
    managed.looked(KIM)
    assert "Look at what would change first" in words(room.releases.prepare(LEE, {"reason": "r"}))
    managed.world.write("corpora/rules/travel.md", NEW + " Or by bus.")
    room.releases.prepare(KIM, {"reason": "r"})
    assert "have changed since you looked" in managed.waited(KIM)
    assert "Say why" in words(room.releases.prepare(KIM, {"reason": "  "}))


def test_nothing_to_do_is_said(managed: Managed) -> None:
    assert "No document would change" in managed.looked()
    assert "nothing to publish" in managed.prepared()


def test_a_gate_that_says_no_can_be_overruled_with_a_reason_only(managed: Managed) -> None:
    room, first = managed.room, served(managed)
    for name in ("gifts-2024.md", "gifts-2026.md"):
        (managed.world.config.corpora / "rules" / name).unlink()
    assert "The gate will say no" in managed.looked()
    done = managed.prepared()
    assert "The gate says no" in done
    made = button(room.panel(KIM, "changes"), "publish")
    assert "The gate refuses" in words(room.releases.publish(KIM, {"snapshot": made, "reason": "r"}, on="changes"))
    forced = {"snapshot": made, "force": "yes", "reason": ""}
    assert "Say why" in words(room.releases.publish(KIM, forced, on="snapshots"))
    assert served(managed) == first
    room.releases.publish(KIM, {**forced, "reason": "withdrawn by the board"}, on="snapshots")
    last = managed.world.catalogue.publications()[-1]
    assert (last["snapshot"], last["forced"], last["why"]) == (made, True, "withdrawn by the board")


def test_four_eyes(world: World) -> None:
    managed = Managed.make(world, four_eyes=True)
    first = served(managed)
    managed.world.write("corpora/rules/travel.md", NEW)
    assert "somebody else has to publish it" in managed.prepared(KIM)
    shown = managed.room.panel(LEE, "snapshots")
    made = button(shown, "publish")
    assert 'data-submit="publish"' not in managed.room.panel(KIM, "snapshots")
    told = managed.room.releases.publish(KIM, {"snapshot": made, "reason": "mine"}, on="snapshots")
    assert "can't approve it too" in words(told)
    assert served(managed) == first
    managed.room.releases.publish(LEE, {"snapshot": made, "reason": "agreed"}, on="snapshots")
    assert served(managed) == made
    assert managed.world.catalogue.publications()[-1]["prepared_by"] == "kim"


def test_a_difference_names_what_differs(managed: Managed) -> None:
    managed.world.write("corpora/rules/travel.md", NEW)
    managed.world.write("corpora/rules/gifts-2026.md", GIFTS.format(limit=90))
    managed.prepared()
    made = button(managed.room.panel(KIM, "changes"), "publish")
    told = words(managed.room.releases.compare(KIM, {"snapshot": made}))
    assert "added rules/travel.md" in told
    assert "changed rules/gifts-2026.md" in told
    assert "There is no such snapshot" in words(managed.room.releases.compare(KIM, {"snapshot": "../../etc"}))


# ------------------------------------------------------------------------------------------------ decisions and sources


def test_a_decision_and_its_reason_are_kept(managed: Managed) -> None:
    managed.world.write("corpora/rules/poisoned.md", PROMPT)
    assert "quarantined" in managed.prepared()
    shown = managed.room.panel(KIM, "waiting")
    identity = button(shown, "decide", "document")
    wrong = {"document": identity, "act": "released"}
    assert "Say why" in words(managed.room.sources.decide(KIM, wrong))
    assert "let in or kept out" in words(managed.room.sources.decide(KIM, {**wrong, "act": "x", "reason": "r"}))
    assert "no such document" in words(managed.room.sources.decide(KIM, {**wrong, "document": "d-0", "reason": "r"}))
    told = managed.room.sources.decide(KIM, {**wrong, "reason": "an example in the training"})
    assert "is released" in words(told)
    (made,) = decisions(managed.world.catalogue)
    assert (made.document, made.act, made.who, made.why) == (identity, "released", "kim", "an example in the training")
    assert "rules/poisoned.md" in words(managed.looked())
    assert "added" in managed.prepared()


def test_missing_metadata_is_asked_for_and_filled_in(managed: Managed) -> None:
    file = managed.world.config.corpora / "rules" / "collection.toml"
    kept = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith(("owner", "review"))]
    file.write_text("\n".join(kept), encoding="utf-8")
    assert "Not said yet: owner, next review" in words(managed.room.panel(KIM, "sources"))
    assert "'owner' is missing" in managed.looked()
    data = {"collection": "rules", "title": "Rules", "owner": "Risk", "licence": "Apache-2.0"}
    assert "as year-month-day" in words(managed.room.sources.fill_in(KIM, {**data, "review_date": "soon"}))
    told = words(managed.room.sources.fill_in(KIM, {**data, "review_date": "2027-06-30"}))
    assert "saved" in told
    assert "Owner: Risk" in told
    assert "No document would change" in managed.looked()


def test_the_next_version_is_described(managed: Managed) -> None:
    managed.room.sources.upload(KIM_HERSELF, "rules", "gifts-2027.md", GIFTS.format(limit=90).encode(), replace=False)
    data = {
        "collection": "rules",
        "path": "gifts-2027.md",
        "supersedes": "gifts-2026.md",
        "effective_from": "2027-01-01",
    }
    assert "saved" in words(managed.room.sources.describe(KIM, data))
    assert "Last day" in words(managed.room.panel(KIM, "sources"))
    managed.prepared()
    made = button(managed.room.panel(KIM, "changes"), "publish")
    managed.room.releases.publish(KIM, {"snapshot": made, "reason": "r"}, on="changes")
    documents = {d.uri: d for d in managed.world.library().documents(KIM_HERSELF)}
    assert documents["rules/gifts-2027.md"].key == documents["rules/gifts-2026.md"].key
    assert documents["rules/gifts-2026.md"].effective_to == date(2026, 12, 31)


def test_what_is_replaced_is_kept_and_recorded(managed: Managed) -> None:
    file = managed.world.config.corpora / "rules" / "complaints.md"
    was = file.read_bytes()
    upload = managed.room.sources.upload
    assert upload(KIM_HERSELF, "rules", "complaints.md", b"# Other", replace=False).state == "taken"
    assert file.read_bytes() == was
    done = upload(KIM_HERSELF, "rules", "complaints.md", b"# Other", replace=True)
    assert done.before == was
    kept = [f.read_bytes() for f in (managed.world.data / "sources").iterdir()]
    assert was in kept
    with pytest.raises(InputError):
        upload(KIM_HERSELF, "rules", "../vault/reports.md", b"x", replace=True)


# ------------------------------------------------------------------------------------------------ what is served


def test_documents_with_what_is_known_of_them(managed: Managed) -> None:
    managed.world.write("corpora/rules/travel.md", NEW + " Questions go to travel.desk@calderwray.example at any time.")
    managed.world.ingest()
    html = managed.room.panel(KIM, "documents")
    shown = words(html)
    for part in (
        "Compliance · Apache-2.0",
        "review due 31 January 2027",
        "Suspicion Reports",
        "superseded",
        "1 finding",
    ):
        assert part in shown
    assert "Personal data" in shown
    assert 'data-send="open"' in html


def test_a_search_without_a_language_model(managed: Managed) -> None:
    data = {
        "query": "gift from a supplier",
        "dense": "1",
        "lexical": "0.025",
        "top": "3",
        "as_of": NOW.date().isoformat(),
    }
    records = SqliteLedger(managed.world.catalogue).verify()
    html = managed.room.shelf.find(KIM, data)
    assert html.count('class="hit"') == 3
    assert "cosine" in html
    assert "BM25" in html
    assert 'data-send="open"' in html
    assert "£75" in html
    assert "£40" not in html
    assert "£40" in managed.room.shelf.find(KIM, {**data, "as_of": "2025-01-01"})
    assert SqliteLedger(managed.world.catalogue).verify() == records


@pytest.mark.parametrize(
    "changed",
    [
        {"query": ""}, {"query": "x" * 3000}, {"query": "\ud800"}, {"query": None}, {"dense": "-1"}, {"dense": "nan"},
        {"lexical": "inf"}, {"top": "0"}, {"top": "51"}, {"top": "2.5"}, {"as_of": "x"}, {"dense": "0", "lexical": "0"},
        {"dense": ["1"]},
    ],
)  # fmt: skip
def test_a_browser_may_send_anything(managed: Managed, changed: dict[str, object]) -> None:
    data = {"query": "gift", "dense": "1", "lexical": "1", "top": "3", "as_of": "2026-11-21"}
    html = managed.room.shelf.find(KIM, {**data, **changed})
    assert 'role="alert"' in html
    assert 'class="hit"' not in html


def test_markup_in_names_stays_text(managed: Managed) -> None:
    evil = "<img src=x onerror=alert(1)>"
    managed.room.sources.fill_in(
        KIM, {"collection": "rules", "title": evil, "owner": evil, "licence": "'\"&", "review_date": "2027-01-01"}
    )
    managed.world.write("corpora/rules/<b>.md", NEW)
    managed.prepared(reason=evil)
    for name in ROOMS:
        html = managed.room.panel(KIM, name)
        assert "<img" not in html
        assert "<b>" not in html
