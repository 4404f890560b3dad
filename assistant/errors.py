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


class MunimentError(Exception):
    """Base of every error that a face may show as it stands."""


class InputError(MunimentError):
    """The caller must change what was given."""


class AccessError(InputError):
    """The principal may not. The message is the same whether the thing exists or not."""


class Unavailable(MunimentError):
    """Something configured is not there; the message names what to install, pull or start."""


class Transient(MunimentError):
    """The same call may succeed later (a lock held, a server busy)."""


class Corrupt(MunimentError):
    """Stored bytes differ from what was recorded; serving them would be worse than stopping."""
