"""What every `Authenticator` keeps, whatever a browser sends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.config import AccessSection, User
from assistant.errors import AccessError, InputError
from assistant.protocols import Authenticator
from assistant.types import Principal
from ui.auth import COOKIE, GUEST, DemoAuthenticator, PublicAuthenticator, is_loopback, local_only, may_manage

USERS = (
    User(id="ann", name="Ann", groups=frozenset({"staff"})),
    User(id="mia", name="Mia", groups=frozenset({"staff", "mlro"})),
)
IMPLEMENTATIONS: dict[str, Authenticator] = {
    "demo": DemoAuthenticator(USERS, "mia"),
    "public": PublicAuthenticator(),
}
SENT = st.dictionaries(
    st.one_of(st.just(COOKIE), st.text(max_size=8)), st.one_of(st.sampled_from(["ann", "mia"]), st.text(max_size=8))
)


@pytest.mark.parametrize("name", IMPLEMENTATIONS)
@given(sent=SENT)
def test_a_known_principal_or_a_refusal(name: str, sent: dict[str, str]) -> None:
    authenticator = IMPLEMENTATIONS[name]
    known = {user.id: user.groups for user in USERS} | {GUEST.user: GUEST.groups}
    try:
        principal = authenticator.principal(sent)
    except AccessError:
        return
    assert known[principal.user] == principal.groups
    assert authenticator.principal(sent) == principal
    assert authenticator.mode in ("demo", "public")


def test_demo_takes_the_choice_and_never_another_instead() -> None:
    demo = IMPLEMENTATIONS["demo"]
    assert demo.principal({}).user == "mia"
    assert demo.principal({COOKIE: "ann"}).groups == {"staff"}
    with pytest.raises(AccessError):
        demo.principal({COOKIE: ""})
    with pytest.raises(InputError):
        DemoAuthenticator(())


def test_public_is_the_guest_whatever_is_sent() -> None:
    assert IMPLEMENTATIONS["public"].principal({COOKIE: "mia"}) == GUEST
    assert GUEST.groups == {"public"}


def test_who_may_manage_the_knowledge() -> None:
    section = AccessSection(managers=frozenset({"knowledge"}))
    assert may_manage(Principal(user="kim", groups=frozenset({"staff", "knowledge"})), section)
    for principal in (
        GUEST,
        Principal(user="x", groups=frozenset()),
        Principal(user="knowledge", groups=frozenset({"staff"})),
    ):
        assert not may_manage(principal, section)
    nobody = AccessSection(managers=frozenset())
    assert not may_manage(Principal(user="kim", groups=frozenset({"knowledge", ""})), nobody)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1", "[::1]"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "10.0.0.3", "example.org", "", "localhost.example.org", "127.0.0.1.nip.io"]
)
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "localhost", "[::1]:80", "LOCALHOST:1"])
def test_local_only_admits_this_machine(host: str) -> None:
    local_only(client="127.0.0.1", headers={"host": host})


@pytest.mark.parametrize(
    ("client", "headers"),
    [
        ("192.168.1.9", {"host": "127.0.0.1:7860"}),
        ("127.0.0.1", {"host": "rebound.example:7860"}),
        ("127.0.0.1", {"host": "localhost", "x-forwarded-for": "8.8.8.8"}),
        ("127.0.0.1", {"host": "localhost", "via": "1.1 proxy"}),
        ("127.0.0.1", {}),
        ("", {"host": "localhost"}),
    ],
)
def test_local_only_refuses_the_rest(client: str, headers: dict[str, str]) -> None:
    with pytest.raises(AccessError):
        local_only(client=client, headers=headers)
