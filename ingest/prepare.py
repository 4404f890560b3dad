"""From a complete snapshot to a candidate: judged under the access that its collection files ask for, and recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from assistant.config import Config
from assistant.knowledge import snapshot as snapshots
from assistant.knowledge.blobs import Blobs
from assistant.knowledge.candidates import KnownCollection, Proposal, known_collections, prepare, remember_collections
from assistant.knowledge.catalogue import Catalogue
from assistant.knowledge.library import OpenSnapshot, View
from assistant.protocols import Embedder
from assistant.types import Progress
from ingest.before import Before
from ingest.discover import Collection, Discovered
from ingest.gate import Judge, Subject, judged, removals
from ingest.probes import canaries, deleted
from ingest.remembering import RememberingEmbedder


class Preparation:
    """``judges`` are the gate's checks beyond those that are never left out."""

    def __init__(
        self,
        *,
        config: Config,
        catalogue: Catalogue,
        embedder: Embedder,
        tell: Callable[[Progress], None],
        clock: Callable[[], datetime],
        judges: Sequence[Judge],
    ) -> None:
        self._config = config
        self._catalogue = catalogue
        self._embedder = embedder
        self._tell = tell
        self._clock = clock
        always = (removals(config.ingest.max_removed_share), deleted(catalogue), canaries(config.access.users))
        self._judges = (*always, *judges)

    def candidate(
        self,
        snapshot: str,
        found: Discovered,
        vanished: Sequence[str],
        before: Before,
        *,
        served: str | None,
        who: str,
        why: str,
    ) -> Mapping[str, Any] | None:
        """The verdict. None where ``snapshot`` is served already and nobody's access would change: nothing to prepare."""
        live = self._catalogue.policy()
        proposal = Proposal(
            collections={c.id: c.access for c in found.collections},
            documents={f.uri: f.access for f in found.files if f.access is not None or f.uri in live.documents},
            over=live,
        )
        remember_collections(self._catalogue, (self._known(c) for c in found.collections))
        policy = proposal.onto(live)
        if snapshot == before.recorded == served and policy.to_json() == live.to_json():
            return None
        self._tell(Progress(stage="judge", done=0, total=len(self._judges)))
        folder = snapshots.folder_of(self._config.data, snapshot)
        opened = OpenSnapshot.open(folder, RememberingEmbedder(self._embedder, self._catalogue), "cpu")
        subject = Subject(
            view=View(opened, policy, Blobs(self._config.data)),
            gone=before.without(opened.documents),
            served=len(before.documents),
            vanished=vanished,
            planted=[text for c in found.collections for text in c.canaries],
            folders=self._folders(opened),
            as_of=self._clock().date(),
        )
        verdict = judged(subject, self._judges)
        self._tell(Progress(stage="judge", done=len(self._judges), total=len(self._judges)))
        prepare(
            self._catalogue,
            snapshot=snapshot,
            parent=before.recorded,
            who=who,
            why=why,
            proposal=proposal,
            verdict=verdict,
        )
        return verdict

    def _folders(self, opened: OpenSnapshot) -> dict[str, Path]:
        held = {d.collection for d in opened.documents.values()}
        known = known_collections(self._catalogue)
        return {c.id: self._config.root.resolve() / c.folder for c in known if c.id in held}

    def _known(self, collection: Collection) -> KnownCollection:
        return KnownCollection(
            id=collection.id,
            folder=self._from_root(collection.folder),
            manifest=self._from_root(collection.manifest),
            title=collection.title,
            owner=collection.owner,
            licence=collection.licence,
            review_date=collection.review_date,
        )

    def _from_root(self, path: Path) -> str:
        """A project that was moved finds its collections again."""
        root = self._config.root.resolve()
        return str(path.relative_to(root) if path.is_relative_to(root) else path)
