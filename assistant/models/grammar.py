"""A grammar over whole strings: the model says one or more of them, each at most once, and decides when to end.

Pure token arithmetic, no torch. Where only one continuation is left its tokens are *forced*: they need no decision and can be
fed to the model in one pass, so that a sentence costs a few decisions and not one a token.
"""

from __future__ import annotations

from collections.abc import Sequence

Tokens = tuple[int, ...]


class OneOf:
    """``options``: token sequences, none empty. After a whole option the model may end or begin another."""

    def __init__(self, options: Sequence[Sequence[int]], end: int) -> None:
        self._left: list[Tokens] = [tuple(option) for option in dict.fromkeys(map(tuple, options)) if option]
        self._end = end
        self._said: Tokens = ()
        self._any_whole = False

    def allowed(self) -> frozenset[int]:
        """The tokens that may come next; empty when everything was said."""
        following = {option[len(self._said)] for option in self._open() if len(option) > len(self._said)}
        ending = {self._end} if self._any_whole and not self._said else set()
        return frozenset(following | ending)

    def forced(self) -> Tokens:
        """The tokens that must come next: up to the next decision or the end of the option."""
        open_options = self._open()
        if not self._said or len(open_options) != 1:
            return ()
        return open_options[0][len(self._said) :]

    @property
    def inside(self) -> bool:
        """Has an option been begun and not ended?"""
        return bool(self._said)

    def advance(self, tokens: Sequence[int]) -> None:
        """``tokens`` were said; they follow `allowed` or `forced`."""
        for token in tokens:
            self._said = (*self._said, token)
            if self._said in self._left:
                whole = self._said
                longer = [o for o in self._left if len(o) > len(whole) and o[: len(whole)] == whole]
                if not longer:
                    self._left.remove(whole)
                    self._said, self._any_whole = (), True

    def _open(self) -> list[Tokens]:
        return [option for option in self._left if option[: len(self._said)] == self._said]
