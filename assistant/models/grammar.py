"""A grammar over whole strings in groups: group after group the model says one or more of each, each at most once, and after
the last decides when to end.

Pure token arithmetic, no torch. Where only one continuation is left its tokens are *forced*: they need no decision and can be
fed to the model in one pass, so that a sentence costs a few decisions and not one a token.
"""

from __future__ import annotations

from collections.abc import Sequence

Tokens = tuple[int, ...]


class OneOfEach:
    """``groups`` of options: token sequences, none empty. After a whole option the model may begin another of the same group,
    one of the next or, in the last group, end. An option that stands in two groups counts for the first."""

    def __init__(self, groups: Sequence[Sequence[Sequence[int]]], end: int) -> None:
        self._left: dict[Tokens, int] = {}
        for group, options in enumerate(groups):
            for option in map(tuple, options):
                if option:
                    self._left.setdefault(option, group)
        self._owed = set(self._left.values())
        self._end = end
        self._said: Tokens = ()

    def allowed(self) -> frozenset[int]:
        """The tokens that may come next; empty when everything was said."""
        if not self._left:
            return frozenset()
        following = {option[len(self._said)] for option in self._open() if len(option) > len(self._said)}
        ending = set() if self._owed or self._said else {self._end}
        return frozenset(following | ending)

    def forced(self) -> Tokens:
        """The tokens that must come next: up to the next decision or the end of the option."""
        open_options = self._open()
        if not self._said or len(open_options) != 1:
            return ()
        return open_options[0][len(self._said) :]

    @property
    def owing(self) -> bool:
        """Has an option been begun and not ended, or has a group not been heard yet?"""
        return bool(self._said or self._owed)

    def advance(self, tokens: Sequence[int]) -> None:
        """``tokens`` were said; they follow `allowed` or `forced`."""
        for token in tokens:
            self._said = (*self._said, token)
            if self._said in self._open() and len(self._open()) == 1:  # no longer option begins with it
                self._finish(self._said)

    def _finish(self, whole: Tokens) -> None:
        group = self._left.pop(whole)
        self._owed.discard(group)
        self._left = {option: other for option, other in self._left.items() if other >= group}
        self._said = ()

    def _open(self) -> list[Tokens]:
        reached = min(self._owed, default=max(self._left.values(), default=0))
        return [o for o, group in self._left.items() if group <= reached and o[: len(self._said)] == self._said]
