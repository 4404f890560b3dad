"""Who is asking, from what a browser holds. One `Authenticator` serves the page's handlers and every route.

``demo``: a chooser of configured users, for one machine only: `local_only` refuses every request that did not come
straight from this machine. ``public``: everyone is one guest who sees public documents only.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping

from assistant.config import AccessSection, User
from assistant.errors import AccessError, InputError
from assistant.protocols import Authenticator
from assistant.types import Principal

COOKIE = "muniment_user"
GUEST = Principal(user="guest", groups=frozenset({"public"}))
_FORWARDED = frozenset({"forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"})


class PublicAuthenticator:
    """Everyone is the guest, whatever they send."""

    mode = "public"

    def principal(self, credentials: Mapping[str, str]) -> Principal:
        return GUEST


class DemoAuthenticator:
    """The chosen demo user; before a choice, the first one the config names. ``credentials`` are cookies.

    Raises `AccessError` for a name that is not in the config: never someone else instead.
    """

    mode = "demo"

    def __init__(self, users: Iterable[User], first: str = "") -> None:
        self._users = {user.id: user for user in users}
        if not self._users:
            raise InputError("Demo mode needs at least one user; add [[access.users]] to the config.")
        self._first = first or next(iter(self._users))

    def principal(self, credentials: Mapping[str, str]) -> Principal:
        user = self.user(credentials.get(COOKIE, self._first))
        return Principal(user=user.id, groups=user.groups)

    def user(self, user_id: str) -> User:
        try:
            return self._users[user_id]
        except KeyError:
            raise AccessError("There is no such user here; choose one from the list.") from None


def authenticator(section: AccessSection) -> Authenticator:
    """What the config asks for."""
    if section.mode == "public":
        return PublicAuthenticator()
    return DemoAuthenticator(section.users, section.cli_user)


def may_manage(principal: Principal, section: AccessSection) -> bool:
    """May they change the knowledge from the app? What they may read of it is another question."""
    return bool(principal.groups & section.managers)


def is_loopback(host: str) -> bool:
    """Is ``host`` (a name or an address, without port) this machine itself? Other names are not looked up."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def local_only(*, client: str, headers: Mapping[str, str]) -> None:
    """Refuses what did not come straight from this machine. ``headers`` have lower-case names.

    The client's address keeps out the network; the ``Host`` keeps out a foreign page whose name was pointed at this
    machine (DNS rebinding); forwarding headers betray a proxy in between. Raises `AccessError`.
    """
    host = headers.get("host", "").lower()
    name = host.rsplit(":", 1)[0] if host.rpartition(":")[2].isdigit() else host
    if not is_loopback(client) or not is_loopback(name) or _FORWARDED & set(headers):
        raise AccessError("This is a demonstration for one machine; open it on that machine as http://127.0.0.1.")
