"""The error tree. A class tells the caller what to do; one border (`ui`) turns an error into one sentence.

    MunimentError
    ├── InputError        mend what you gave: a question, a file, a config key, a user name
    │   └── AccessError   you may not; nothing is said about what exists
    ├── Unavailable       install, pull or start something; the sentence names what
    ├── Transient         try the same again later
    └── Corrupt           stop: what is stored is not what was written

Every message is one sentence for a person, saying what to do. Foreign errors are translated where they arise
(`raise InputError(...) from error`); nothing else is caught.
"""

from __future__ import annotations

from typing import ClassVar, Literal

FailureKind = Literal["input", "access", "unavailable", "transient", "corrupt", "internal"]


class MunimentError(Exception):
    """Base of every error that a face may show as it stands; ``kind`` is the class as a word, for events and JSON."""

    kind: ClassVar[FailureKind] = "internal"


class InputError(MunimentError):
    """The caller must change what was given."""

    kind: ClassVar[FailureKind] = "input"


class AccessError(InputError):
    """The principal may not. The message is the same whether the thing exists or not."""

    kind: ClassVar[FailureKind] = "access"


class Unavailable(MunimentError):
    """Something configured is not there; the message names what to install, pull or start."""

    kind: ClassVar[FailureKind] = "unavailable"


class Transient(MunimentError):
    """The same call may succeed later (a lock held, a server busy)."""

    kind: ClassVar[FailureKind] = "transient"


class Corrupt(MunimentError):
    """Stored bytes differ from what was recorded; serving them would be worse than stopping."""

    kind: ClassVar[FailureKind] = "corrupt"
