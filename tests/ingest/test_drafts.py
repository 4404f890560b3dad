"""Collections that are not complete yet: read as far as they go, filled in without touching anything else."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.access import NOBODY
from assistant.errors import InputError
from assistant.types import Access
from ingest.drafts import Draft, describe, drafts, fill_in
from ingest.manifest import NAME, load_manifest
from tests.world import RULES, World

DAY = date(2027, 5, 1)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path)


def draft(world: World, name: str = "rules") -> Draft:
    return next(d for d in drafts(world.config.corpora) if d.id == name)


def test_a_complete_collection(world: World) -> None:
    found = draft(world)
    assert (found.owner, found.missing, found.problem) == ("Compliance", (), "")
    assert found.rule("gifts-2024.md") == Access(allow=frozenset({"staff"}))
    assert found.rule("complaints.md") == Access(allow=frozenset({"staff", "public"}))
    assert found.rule("never-heard-of.md") == found.access


def test_what_is_missing_is_named_and_filled_in(world: World) -> None:
    text = '# Kept by hand.\nid = "rules"  # small letters\nowner = "Compliance"\n[access]\nallow = ["staff"]\n'
    world.write(f"corpora/rules/{NAME}", text)
    found = draft(world)
    assert found.missing == ("title", "licence", "review_date")
    assert "'title' is missing" in found.problem
    fill_in(found, title='Rules "of" \\ a # kind', owner="Compliance", licence="CC-BY-4.0", review_date=DAY)
    now = draft(world)
    assert (now.title, now.licence, now.review_date, now.problem) == ('Rules "of" \\ a # kind', "CC-BY-4.0", DAY, "")
    assert now.access == found.access
    kept = (now.folder / NAME).read_text(encoding="utf-8")
    assert "# Kept by hand." in kept
    assert 'id = "rules"  # small letters' in kept


def test_what_would_not_be_valid_is_not_written(world: World) -> None:
    found, before = draft(world), (world.root / "corpora/rules" / NAME).read_bytes()
    with pytest.raises(InputError, match=r"collection\.toml of rules: owner"):
        fill_in(found, title="Rules", owner="  ", licence="x", review_date=DAY)
    with pytest.raises(InputError, match="effective_to is before effective_from"):
        describe(found, "complaints.md", effective_from=DAY, effective_to=date(2020, 1, 1))
    with pytest.raises(InputError, match="below the folder"):
        describe(found, "../vault/reports.md", title="Reports")
    assert (world.root / "corpora/rules" / NAME).read_bytes() == before
    assert not [f for f in found.folder.iterdir() if f.name.startswith(".")]


@pytest.mark.parametrize("text", ["[", 'title = "no id"', "id = 3", "\x00"])
def test_a_file_that_can_t_be_read_hides_no_other(world: World, text: str) -> None:
    world.write(f"corpora/other/{NAME}", text)
    assert [d.id for d in drafts(world.config.corpora)] == ["rules", "vault"]


@pytest.mark.parametrize("rule", ["", 'access = "staff"', "[access]\nallow = 3", "[access]\nallow = []"])
def test_access_that_is_not_said_admits_nobody(world: World, rule: str) -> None:
    world.write(f"corpora/rules/{NAME}", f'id = "rules"\n{rule}\n')
    assert draft(world).access == NOBODY


def test_the_next_version_joins_the_lineage_and_stays_as_restricted(world: World) -> None:
    world.write(f"corpora/rules/{NAME}", RULES.replace('["staff", "public"]', '["mlro"]'))
    describe(draft(world), "complaints-2027.md", title="Complaints", effective_from=DAY, supersedes="complaints.md")
    manifest = load_manifest(world.root / "corpora/rules" / NAME)
    entry = next(e for e in manifest.documents if e.path == "complaints-2027.md")
    assert (entry.key, entry.title, entry.effective_from) == ("complaints.md", "Complaints", DAY)
    assert entry.access is not None
    assert entry.access.allow == {"mlro"}
    describe(draft(world), "gifts-2027.md", supersedes="gifts-2026.md", effective_from=DAY)
    assert draft(world).entry("gifts-2027.md").key == "gifts"
    world.write("corpora/rules/complaints-2027.md", "# Complaints\n\n## 1 Acknowledgement\n\nWithin two working days.")
    world.write("corpora/rules/gifts-2027.md", "# Gifts Policy\n\n## 1 Limits\n\nNo gift may be accepted.")
    report = world.ingest()
    assert not report.quarantined
    assert "rules/gifts-2027.md" in report.added


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), min_size=1, max_size=30).filter(str.strip)


@given(title=TEXTS, owner=TEXTS, licence=TEXTS, day=st.dates(min_value=date(1000, 1, 1)))
def test_what_is_written_is_what_is_read(world: World, title: str, owner: str, licence: str, day: date) -> None:
    before = draft(world)
    fill_in(before, title=title, owner=owner, licence=licence, review_date=day)
    after = draft(world)
    assert (after.title, after.owner, after.licence) == (title.strip(), owner.strip(), licence.strip())
    assert (after.review_date, after.problem) == (day, "")
    assert (after.entries, after.access) == (before.entries, before.access)
