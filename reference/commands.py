"""By which way a command may travel: along the connection that all share, or on one of its own.

A shared connection carries what is answered at once, by one reply, and leaves nothing behind (MUX-04,
MUX-10). All else is one of four exceptions, told by name, sub-command (CLIENT) or option (XREAD with BLOCK):

    BLOCKING        waits for something to happen; a connection of its own, while it runs     BLPOP
    SESSION         changes what its connection means; a lease                                SELECT, WATCH
    SUBSCRIPTION    is answered by pushes, or takes its connection over for messages          SUBSCRIBE
    REFUSED         takes its connection over, ends it, or is not answered by one reply       MONITOR, QUIT

SHUTDOWN is refused because its only good answer is the end of the connection. WAIT counts the writes of its
own connection: it means something only on the lease that wrote. Scripts share: they cannot block, and a
SELECT in one ends with it. What is not `known`, as commands of modules, counts as SESSION until a server was
asked for its `COMMAND INFO` and `learn` was told the answer.
"""

from __future__ import annotations

import re
from enum import Enum
from math import inf
from typing import Final

from .errors import ServerError
from .resp import Argument

Route = Enum("Route", ["SHARED", "BLOCKING", "SESSION", "SUBSCRIPTION", "REFUSED"])
SHARED, BLOCKING, SESSION, SUBSCRIPTION, REFUSED = Route  # a look-up in its class costs as much again

_NAMES: Final = {  # a name that does not tell all stands with the way that is the safe one
    SHARED: """
    acl append bgrewriteaof bgsave bitcount bitfield bitfield_ro bitop bitpos cluster clusterscan command
    commandlog config copy dbsize debug decr decrby del delifeq dump echo eval eval_ro evalsha evalsha_ro
    exists expire expireat expiretime failover fcall fcall_ro flushall flushdb function geoadd geodist geohash
    geopos georadius georadius_ro georadiusbymember georadiusbymember_ro geosearch geosearchstore get getbit
    getdel getex getrange getset hdel hexists hexpire hexpireat hexpiretime hget hgetall hgetdel hgetex
    hincrby hincrbyfloat hkeys hlen hmget hmset hpersist hpexpire hpexpireat hpexpiretime hpttl hrandfield
    hscan hset hsetex hsetnx hstrlen httl hvals incr incrby incrbyfloat info keys lastsave latency lcs lindex
    linsert llen lmove lmpop lolwut lpop lpos lpush lpushx lrange lrem lset ltrim memory mget migrate module
    move mset msetex msetnx object persist pexpire pexpireat pexpiretime pfadd pfcount pfdebug pfmerge
    pfselftest ping psetex pttl publish pubsub randomkey rename renamenx replicaof restore restore-asking role
    rpop rpoplpush rpush rpushx sadd save scan scard script sdiff sdiffstore set setbit setex setnx setrange
    sinter sintercard sinterstore sismember slaveof slowlog smembers smismember smove sort sort_ro spop
    spublish srandmember srem sscan strlen substr sunion sunionstore swapdb time touch ttl type unlink xack
    xadd xautoclaim xclaim xdel xgroup xinfo xlen xpending xrange xrevrange xsetid xtrim zadd zcard zcount
    zdiff zdiffstore zincrby zinter zintercard zinterstore zlexcount zmpop zmscore zpopmax zpopmin zrandmember
    zrange zrangebylex zrangebyscore zrangestore zrank zrem zremrangebylex zremrangebyrank zremrangebyscore
    zrevrange zrevrangebylex zrevrangebyscore zrevrank zscan zscore zunion zunionstore
    """,
    BLOCKING: "blmove blmpop blpop brpop brpoplpush bzmpop bzpopmax bzpopmin wait waitaof xread xreadgroup",
    SESSION: "asking auth client discard exec multi readonly readwrite reset select unwatch watch",
    SUBSCRIPTION: "psubscribe punsubscribe ssubscribe subscribe sunsubscribe unsubscribe",
    REFUSED: "hello monitor psync quit replconf shutdown sync",
}
_routes: dict[str, Route] = {name: way for way, names in _NAMES.items() for name in names.split()}
_by_spelling: dict[Argument, Route] = {}  # the same for names as given, those that tell all: one look-up
_SPELLINGS: Final = 4096  # so many are kept

_CLIENT: Final = "getname getredir help id info kill list pause trackinginfo unblock unpause"
_SUBCOMMANDS: Final = {  # those that go another way than their command
    "client": dict.fromkeys(_CLIENT.split(), SHARED) | {"reply": REFUSED},
    "cluster": {"syncslots": REFUSED},
    "script": {"debug": REFUSED},
}
_ADVICE: Final = {
    "select": "name the database in the URL, as in redis://host/3",
    "auth": "name user and password in the URL",
    "hello": "choose the protocol in the URL, as in redis://host?protocol=2",
    "multi": "pass the whole to transaction(), or acquire a connection and use it there",
    "quit": "call close()",
    "wait": "acquire a connection, and both write and wait on it",
    "waitaof": "acquire a connection, and both write and wait on it",
    BLOCKING: "it would keep the others waiting; use a pool or a client",
    SESSION: "it acts on its connection; acquire one from a pool, and use it there",
    SUBSCRIPTION: "it is answered by messages; call subscribe()",
    REFUSED: "it takes its connection over, or ends it; use redis-cli",
}


def route(command: tuple[Argument, ...]) -> Route:
    """The way of this command."""
    try:
        return _by_spelling[command[0]]
    except (KeyError, TypeError, IndexError):  # TypeError: a bytearray
        return _looked_up(command)


def blocks_for_seconds(command: tuple[Argument, ...]) -> float:
    """How long the command itself may take: 0 if it does not block, `inf` if for ever, or nobody can tell."""
    if route(command) is not BLOCKING:
        return 0.0
    name = word(command[0])
    per_second = 1000 if name.startswith(("wait", "xread")) else 1
    place = _limit(command) if name.startswith("xread") else 1 if name in ("blmpop", "bzmpop") else -1
    try:
        seconds = float(command[place]) / per_second
    except (ValueError, IndexError):
        return inf  # the server will refuse it
    return seconds if seconds > 0 and name in _NAMES[BLOCKING].split() else inf  # else it was learned


def why_not_shared(command: tuple[Argument, ...]) -> str:
    """Why this command, which is not `SHARED`, cannot share a connection, and what to do: for an error."""
    advice = _ADVICE.get(word(command[0]), _ADVICE[route(command)])
    unknown = "" if known(command[0]) else ", which is not a known command,"
    return f"{title(command)}{unknown} cannot share a connection: {advice}"


def known(name: Argument) -> bool:
    """True if the command stands here, or was learned."""
    return word(name) in _routes


def learn(name: Argument, info: object) -> None:
    """Takes in the reply to `COMMAND INFO name`. What is known stays so; a reply without flags is no help."""
    words = set[str]() if isinstance(info, ServerError) else set(re.findall(r"'(@?\w+)'", repr(info)))
    exceptions = (
        (REFUSED, {"pubsub", "@pubsub"}),  # nobody knows how many replies it gets
        (BLOCKING, {"blocking", "@blocking"}),
        (SESSION, {"no_multi", "@connection", "@transaction"}),
    )
    if words:
        _routes.setdefault(word(name), next((way for way, flags in exceptions if words & flags), SHARED))


def word(argument: Argument) -> str:
    """A name or an option, whatever its case."""
    return (str(argument, "latin-1") if isinstance(argument, bytes | bytearray) else str(argument)).lower()


def title(command: tuple[Argument, ...]) -> str:
    """The command's name for messages, with its sub-command if that decides the way."""
    return " ".join(map(word, command[: 2 if word(command[0]) in _SUBCOMMANDS else 1])).upper()


def _looked_up(command: tuple[Argument, ...]) -> Route:
    if not command:
        return SHARED  # to encode it is an error
    name = word(command[0])
    way = _routes.get(name, SESSION)
    if name in _SUBCOMMANDS:
        return _SUBCOMMANDS[name].get(word(command[1]), way) if len(command) > 1 else way
    if name in ("xread", "xreadgroup"):
        return BLOCKING if _limit(command) else SHARED
    if name in _routes and isinstance(command[0], str | bytes) and len(_by_spelling) < _SPELLINGS:
        _by_spelling[command[0]] = way
    return way


def _limit(command: tuple[Argument, ...]) -> int:
    """Where the limit stands that follows BLOCK, among the options of XREAD and XREADGROUP; 0 without one."""
    place = 1
    while place < len(command) and (option := word(command[place])) != "streams":
        if option == "block":
            return place + 1
        place += {"count": 2, "claim": 2, "group": 3}.get(option, 1)  # the words it takes
    return 0
