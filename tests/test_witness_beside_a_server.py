"""Whatever is said on several connections, the witness answers byte for byte as a real Valkey does."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .test_witness import command
from .witness_side_by_side import RealServer, SideBySide, real_server

__all__ = ["real_server"]  # the fixture
CONNECTIONS = 3


def commands(lines: str) -> list[list[str]]:
    """A command a line, with alternatives for words: `GET a|b` is two commands."""
    found: list[list[str]] = []
    for line in lines.strip().splitlines():
        variants: list[list[str]] = [[]]
        for word in line.split():
            variants = [[*begun, choice] for begun in variants for choice in word.split("|")]
        found += variants
    return found


STRINGS = """
GET a|b|l
SET a|b 1|x
SET a x NX|XX|GET|KEEPTTL|FOO
SET a x EX 100|0|y
SET a x NX|XX GET
SET a x PX 100000 NX
SETNX a|b y
SETEX a 100|0|x y
PSETEX a 100000|0|x y
GETSET a|l y
GETDEL a|b
MGET a b l
MSET a 1 b 2
MSET a 1 b
APPEND a|l z
STRLEN a|l
INCR a|b|l
INCRBY a 5|x|9223372036854775807
DECR b
DECRBY b 2|x|-9223372036854775808
DEL a|b|l|s
UNLINK a b
EXISTS a|b a
TOUCH a|b
TYPE a|l|s
EXPIRE a 100|0|x
PEXPIRE a 100000|-1
PERSIST a
TTL a|b
KEYS a|[^b-z]|\\a
DBSIZE
FLUSHALL
FLUSHDB ASYNC|FOO
"""
LISTS = """
LPUSH l|m|a 1|2
RPUSH l|m 1|2 3
LPUSHX|RPUSHX l 9
LPOP l|a
RPOP l|m 2|0|x|-1
LPOP l 1 1
LLEN l|a
LRANGE l 0|1|-2|x -1|5
LINDEX l 0|-1|7
LMOVE l m LEFT|RIGHT LEFT|UP
RPOPLPUSH l m|l|a
BLPOP l|a 0
BRPOP m l 0
BLPOP l -1|x
BLMOVE l m LEFT RIGHT 0
BRPOPLPUSH l m 0
"""
STREAMS = """
XADD s|a 1-1|2|3-*|5-5|x f v
XADD s 7-7 f v f
XADD s 0-0 f v
XADD t NOMKSTREAM 1-1 f v
XLEN s|a
XRANGE s -|(1-1|2|x +|5
XRANGE s - + COUNT 1|0|x
XREAD STREAMS s|a 0|$|+|x
XREAD COUNT 1 STREAMS s t 0 0
XREAD COUNT 1 STREAMS s t 0
XREAD BLOCK 0 STREAMS s|t 0|$|3-3
XREAD BLOCK 0 STREAMS s t $ $
XREAD BLOCK -1|x STREAMS s 0
XREAD FOO STREAMS s 0
"""
TRANSACTIONS = """
MULTI
MULTI
EXEC
EXEC
DISCARD
WATCH a|b|l
UNWATCH
"""
CHANNELS = """
SUBSCRIBE news|mail
SUBSCRIBE news mail
UNSUBSCRIBE news|mail
PSUBSCRIBE n*|m?il
PUNSUBSCRIBE n*
SSUBSCRIBE news
SUNSUBSCRIBE news
SUNSUBSCRIBE
PUBLISH news|mail|other hello
SPUBLISH news hello
"""
CONNECTION = """
PING
PING x
PING x y
ECHO x
SELECT 0|1|1|99|x
HELLO
HELLO 2|3|3|4|x
HELLO 3 SETNAME pool
HELLO 3 AUTH default
HELLO 2 AUTH nobody secret
AUTH secret
AUTH default|nobody secret
RESET
QUIT
READONLY
READWRITE
ASKING
CLIENT ID
CLIENT GETNAME
CLIENT SETNAME pool
CLIENT SETINFO LIB-NAME|LIB-VER|LIB 1.0
CLIENT REPLY ON|OFF|SKIP|x
CLIENT NO-EVICT on|x
CLIENT NO-TOUCH off|x
CLIENT NOPE
CLIENT KILL 1.2.3.4:5
CLIENT KILL ID 0|x
CLIENT UNBLOCK 0
NOPE x
"""
TRACKING = """
CLIENT TRACKING ON|OFF
CLIENT TRACKING ON NOLOOP|OPTIN|OPTOUT|BCAST|x
CLIENT TRACKING ON BCAST PREFIX a
CLIENT TRACKING ON BCAST PREFIX b NOLOOP
CLIENT TRACKING ON PREFIX a
CLIENT TRACKING ON BCAST OPTIN
CLIENT TRACKING ON REDIRECT 0
CLIENT CACHING YES|NO|x
CLIENT TRACKINGINFO
CLIENT GETREDIR
"""
OTHERS = """
EVAL x x|-1|3
EVALSHA 098e0f0d1448c0a81dafe820f66d460eb09263da 0|1|x token
EVALSHA 098E0F0D1448C0A81DAFE820F66D460EB09263DA 1 key token
SCRIPT EXISTS 098e0f0d1448c0a81dafe820f66d460eb09263da nope
SCRIPT FLUSH
SCRIPT FLUSH NOPE
SCRIPT NOPE
WAIT 0|1|x 0|x|-1
COMMAND COUNT x
COMMAND INFO nope
COMMAND NOPE
DEBUG PROTOCOL string|integer|double|bignum|null|array|set|map|verbatim|true|false|nope
"""
ECHO_SCRIPT = [["EVAL", "return ARGV[1]", "0", "token"], ["SCRIPT", "LOAD", "return ARGV[1]"]]

FAMILIES = [
    *map(commands, (STRINGS, LISTS, STREAMS, TRANSACTIONS, CHANNELS, CONNECTION, TRACKING)),
    commands(OTHERS) + ECHO_SCRIPT,
]
A_COMMAND = st.one_of([st.sampled_from(family) for family in FAMILIES])
A_PIPELINE = st.lists(A_COMMAND.filter(lambda words: words != ["QUIT"]), min_size=2, max_size=4)
A_DIALOGUE = st.lists(
    st.tuples(st.integers(0, CONNECTIONS - 1), st.one_of(A_COMMAND.map(lambda words: [words]), A_PIPELINE)),
    max_size=40,
)


@settings(
    max_examples=4 * settings.default.max_examples,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(A_DIALOGUE)
def test_a_dialogue_is_answered_as_by_a_real_server(
    real_server: RealServer, dialogue: list[tuple[int, list[list[str]]]]
) -> None:
    with SideBySide(real_server) as both:
        numbers = [both.dial() for _ in range(CONNECTIONS)]
        for speaker, pipeline in dialogue:
            both.write(numbers[speaker], b"".join(command(*words) for words in pipeline))


@pytest.mark.parametrize("protocol", ["2", "3"])
@pytest.mark.parametrize("family", range(len(FAMILIES)))
def test_each_command_is_answered_as_by_a_real_server(
    real_server: RealServer, family: int, protocol: str
) -> None:
    prepare = commands("SET a 1\nRPUSH l 1 2 3\nXADD s 1-1 f v\nXADD s 2-1 f v\nCLIENT TRACKING ON")
    for words in FAMILIES[family]:
        with SideBySide(real_server) as both:
            number = both.dial()
            for each in [["HELLO", protocol], *prepare, words, ["PING"]]:
                both.say(number, *each)
