"""A URL becomes settings, or an error that says what to write and shows no password."""

from __future__ import annotations

import ssl
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolproof.reference.errors import Misuse
from poolproof.reference.url import Settings

SECRET = "s3cret"


@pytest.mark.parametrize(
    ("url", "settings"),
    [
        ("redis://", Settings()),
        ("valkey://localhost", Settings(host="localhost")),
        ("redis://h:7", Settings(host="h", port=7)),
        ("redis://[::1]:7/3", Settings(host="::1", port=7, database=3)),
        ("redis://h/?db=3", Settings(host="h", database=3)),
        ("redis://h/3?db=3", Settings(host="h", database=3)),
        ("redis://:p@h", Settings(host="h", password="p")),
        ("redis://u:p@h", Settings(host="h", username="u", password="p")),
        ("redis://u:@h", Settings(host="h", username="u", password="")),
        ("redis://:@h", Settings(host="h")),
        ("redis://%75:%40%2F%3a%C3%A9@h", Settings(host="h", username="u", password="@/:é")),
        ("redis://h?client_name=a%20b", Settings(host="h", client_name="a b")),
        ("redis://h?protocol=2", Settings(host="h", protocol=2)),
        ("redis://h?protocol=3&resp3_demanded=yes", Settings(host="h", resp3_demanded=True)),
        ("redis://h?connect_timeout_seconds=0.5", Settings(host="h", connect_timeout_seconds=0.5)),
        ("unix:///run/a%20b.sock?db=3", Settings(path="/run/a b.sock", database=3)),
        ("unix://u:p@/run/r.sock", Settings(path="/run/r.sock", username="u", password="p")),
    ],
)
def test_a_url_stands_for_settings(url: str, settings: Settings) -> None:
    assert Settings.of(url) == settings


def test_settings_pass_as_they_are() -> None:
    settings = Settings(host="h")
    assert Settings.of(settings) is settings


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        (Settings(username="u", password=SECRET), "127.0.0.1:6379"),
        (Settings(host="::1"), "[::1]:6379"),
        (Settings(path="/run/r.sock", password=SECRET), "unix:/run/r.sock"),
    ],
)
def test_settings_are_shown_as_an_address(settings: Settings, address: str) -> None:
    assert str(settings) == address


def test_the_representation_of_settings_shows_no_password() -> None:
    assert SECRET not in repr(Settings(password=SECRET)) + repr(Settings(credentials=lambda: ("u", SECRET)))


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("localhost:6379", "write redis://user:password@host"),
        (f"u:{SECRET}@h:6379", "write redis://user:password@host"),
        ("http://h", "write redis://, rediss://"),
        (f"redis://u:{SECRET}/x@h", "%2F for /"),
        (f"redis://u:1/{SECRET}@h", "%2F for /"),
        (f"redis://u:1?{SECRET}@h", "%3F for ?"),
        (f"redis://u:{SECRET}#@h", "%23 for #"),
        (f"redis://u:{SECRET}#h", "%23 for #"),
        (f"redis://u:{SECRET}[@h", "write redis://user:password@host"),
        (f"redis://u:{SECRET}%FF@h", "write redis://user:password@host"),
        (f"redis://u:{SECRET}\n@h", "write redis://user:password@host"),
        (f"redis://u:{SECRET}", "write redis://user:password@host"),
        ("redis://u@h", "a user name takes a password, if an empty one: user:@host"),
        ("redis://h/3#4", "%23 for #"),
        ("redis://h:65536", "write redis://user:password@host"),
        ("redis://h/three", "write db=0"),
        ("redis://h?db=-1", "database is 0 or more"),
        ("redis://h/3?db=4", "write host/3 or host?db=3"),
        ("redis://h?db=3&db=4", "each option once"),
        ("redis://h?protocol=4", "protocol is 2 or 3"),
        ("redis://h?protocol=2&resp3_demanded=yes", "goes with protocol 3"),
        ("redis://h?resp3_demanded=maybe", "write resp3_demanded=no"),
        ("redis://h?connect_timeout_seconds=nan", "connect_timeout_seconds is above 0"),
        ("redis://h?connect_timeout_seconds=2s", "write connect_timeout_seconds=10"),
        ("redis://h?timeout=2", "unknown option 'timeout'"),
        ("redis://h?ssl_cert_reqs=none", "needs rediss://"),
        ("rediss://h?ssl_keyfile=k", "unknown option 'ssl_keyfile'"),
        ("rediss://h?ssl_cert_reqs=maybe", "write ssl_cert_reqs=required"),
        ("rediss://h?ssl_ca_certs=/nowhere.pem", "ssl_ca_certs"),
        ("unix://run/r.sock", "write unix:///run/redis.sock"),
        ("unix://", "write unix:///run/redis.sock"),
    ],
)
def test_what_is_no_url_says_what_to_write_and_shows_no_password(url: str, advice: str) -> None:
    with pytest.raises(Misuse) as refused:
        Settings.of(url)
    assert advice in str(refused.value)
    assert SECRET not in "".join(traceback.format_exception_only(refused.value)) + str(
        refused.value.__context__
    )


@given(
    st.text(min_size=1, alphabet=st.characters(min_codepoint=33, max_codepoint=126)),
    st.sampled_from("@/?#:% ["),
)
def test_no_password_however_spelled_gets_into_a_message(password: str, strange: str) -> None:
    secret = f"{SECRET}{strange}{password}{SECRET}"
    try:
        settings = Settings.of(f"redis://u:{secret}@h:6379/0?client_name=c")
    except Misuse as refused:
        assert SECRET not in str(refused) + str(refused.__context__)
    else:
        assert SECRET not in repr(settings)


def test_credentials_take_the_place_of_a_password() -> None:
    with pytest.raises(Misuse, match="credentials take the place"):
        Settings(password=SECRET, credentials=lambda: (None, SECRET))


def test_rediss_verifies_the_certificate_and_the_name_in_it() -> None:
    tls = Settings.of("rediss://h").tls
    assert tls is not None
    assert (tls.verify_mode, tls.check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.mark.parametrize(
    ("option", "verified"),
    [("ssl_check_hostname=no", ssl.CERT_REQUIRED), ("ssl_cert_reqs=none", ssl.CERT_NONE)],
)
def test_rediss_verifies_less_if_told_to(option: str, verified: ssl.VerifyMode) -> None:
    tls = Settings.of(f"valkeys://h?{option}").tls
    assert tls is not None
    assert (tls.verify_mode, tls.check_hostname) == (verified, False)


def test_a_file_that_is_no_certificate_is_misuse(tmp_path: Path) -> None:
    (tmp_path / "me.pem").write_text("no certificate")
    with pytest.raises(Misuse, match="PEM files"):
        Settings.of(f"rediss://h?ssl_certfile={tmp_path / 'me.pem'}")
