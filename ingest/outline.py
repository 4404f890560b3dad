"""A document's sections, from its heading landmarks: paths for people, spans for splitting."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from assistant.config import Split
from assistant.types import Landmark

SEPARATOR = " › "


@dataclass(frozen=True, kw_only=True)
class Section:
    """``[start, end)`` from its heading line up to the next heading of any level; its own text begins at ``body``.

    ``path``: the labels of the headings above and its own; empty for the text before the first heading.
    """

    path: tuple[str, ...]
    start: int
    body: int
    end: int


def sections(text: str, landmarks: Sequence[Landmark]) -> list[Section]:
    """The sections that have text of their own, in order."""
    headings = [mark for mark in landmarks if mark.kind == "heading"]
    ends = [mark.start for mark in headings[1:]] + [len(text)]
    first = headings[0].start if headings else len(text)
    found = [Section(path=(), start=0, body=0, end=first)]
    open_headings: list[Landmark] = []
    for heading, end in zip(headings, ends, strict=False):
        open_headings = [*(mark for mark in open_headings if mark.level < heading.level), heading]
        path = tuple(mark.label for mark in open_headings)
        found.append(Section(path=path, start=heading.start, body=heading.end, end=end))
    return [section for section in found if text[section.body : section.end].strip()]


def join_small(
    found: Sequence[Section], text: str, count: Callable[[str], int], limits: Split
) -> Iterator[tuple[Section, ...]]:
    """Groups of neighbours: a section under ``min_tokens`` goes with the one before or after it under the same parent
    (or with its parent's own text), as long as both fit into ``max_tokens``."""
    group: list[Section] = []
    group_is_small = False
    for section in found:
        small = count(text[section.body : section.end]) < limits.min_tokens
        if (
            group
            and (small or group_is_small)
            and _related(group[-1].path, section.path)
            and count(text[group[0].start : section.end]) <= limits.max_tokens
        ):
            group.append(section)
            group_is_small = count(text[group[0].start : section.end]) < limits.min_tokens
            continue
        if group:
            yield tuple(group)
        group, group_is_small = [section], small
    if group:
        yield tuple(group)


def where_of(group: Sequence[Section]) -> str:
    """The group's place for people: "4 Limits › 4.2 Thresholds", joined sections as "4.2 Thresholds; 4.3 Forms"."""
    deepest = max(len(section.path) for section in group)
    named = [section.path for section in group if len(section.path) == deepest]
    if not deepest:
        return ""
    return SEPARATOR.join([*named[0][:-1], "; ".join(path[-1] for path in named)])


def _related(before: tuple[str, ...], after: tuple[str, ...]) -> bool:
    return bool(before) and (before[:-1] == after[:-1] or before == after[:-1])
