"""The handshake's core: what is sent on a new connection before any command of a caller (CONN-05).

    protocol 3    HELLO 3 [AUTH user password], [SELECT n], [CLIENT SETNAME name], CLIENT SETINFO twice
    protocol 2    [AUTH user password], and so on

A round is written in one go. A server that refuses HELLO, as those before Redis 6 do, has not done the AUTH
in it either. Then the rest of the first round counts for nothing, though its replies are owed and read, and a
second round does it all in RESP2. A server that is loading has not refused HELLO for good: it is no reason to
end up in RESP2.

AUTH, SELECT, and HELLO where RESP3 is demanded, are *required*: refused, they end the handshake (CONN-06).
Other steps may be refused (CONN-07), unless it is the client that is: for want of room, or of a password.

Servers repeat what they do not understand ("unknown command 'HELLO', with args beginning with: '3' 'AUTH'
..."): of an error to a step with a password in it no more is told than the code.
"""

from __future__ import annotations

from collections import deque
from typing import Final, TypeAlias

from .errors import AuthenticationFailed, HandshakeFailed, ProtocolError, ServerError
from .resp import Argument, Reply
from .url import Credentials, Settings

Command: TypeAlias = tuple[Argument, ...]

LIBRARY: Final = "poolproof"
VERSION: Final = "0.1.0"
NOT_READY: Final = {"LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN"}
CHECK: Final = "check both, that it wants a password at all, and, before Redis 6, no user"
NO_ROOM: Final = "max number of clients reached"


class Handshake:
    """One connection's handshake: `begin`, then `received` for each reply, pushes aside, until it is `done`.

    Invariant: if done, every step sent has its reply, and every required one a good reply.
    """

    def __init__(self, settings: Settings, credentials: Credentials | None = None) -> None:
        """`credentials` are what the settings' provider gave; if it has none, those of the settings count."""
        if credentials is None and settings.password is not None:
            credentials = settings.username, settings.password
        self.protocol = 2  # as granted
        self._settings = settings
        self._credentials = credentials
        self._required = {"AUTH", "SELECT"} | ({"HELLO"} if settings.resp3_demanded else set[str]())
        self._owed: deque[str] = deque()  # the names of the steps whose replies are to come
        self._void = 0  # so many of these replies count for nothing

    @property
    def done(self) -> bool:
        """True if the connection is ready for commands, once it has begun."""
        return not self._owed

    def begin(self) -> list[Command]:
        """The first round."""
        if self._settings.protocol == 2:
            return self._round_in_resp2()
        if self._credentials is None:
            return self._round(("HELLO", 3))
        username, password = self._credentials
        return self._round(("HELLO", 3, "AUTH", username or "default", password))

    def received(self, reply: Reply) -> list[Command]:
        """Takes the next reply and returns what to send next. `HandshakeFailed`: close the connection."""
        if not self._owed:
            raise ProtocolError("a reply came that nobody asked for")
        step = self._owed.popleft()
        if self._void:
            self._void -= 1
        elif isinstance(reply, ServerError):
            return self._refused(step, str(reply))
        elif step == "HELLO":
            self.protocol = 3 if isinstance(reply, dict) and reply.get(b"proto") == 3 else 2
            if self.protocol == 2 and step in self._required:
                raise self._failure(step, "it granted RESP2")
        return []

    def _round(self, *greeting: Command) -> list[Command]:
        database, name = self._settings.database, self._settings.client_name
        commands: list[Command] = [*greeting]
        commands += [("SELECT", database)] if database else []
        commands += [("CLIENT", "SETNAME", name)] if name is not None else []
        commands += [("CLIENT", "SETINFO", "LIB-NAME", LIBRARY), ("CLIENT", "SETINFO", "LIB-VER", VERSION)]
        self._owed.extend(str(command[0]) for command in commands)
        return commands

    def _round_in_resp2(self) -> list[Command]:
        if self._credentials is None:
            return self._round()
        username, password = self._credentials
        return self._round(("AUTH", username, password) if username else ("AUTH", password))

    def _refused(self, step: str, error: str) -> list[Command]:
        code = error.split(" ", 1)[0]
        hopeless = NO_ROOM in error or code in ("DENIED", "WRONGPASS")
        nobody_asked = code == "NOAUTH" and not (step == "HELLO" and self._credentials)
        not_yet = step == "HELLO" and code in NOT_READY
        if step in self._required or hopeless or nobody_asked or not_yet:
            raise self._failure(step, error)
        if step != "HELLO":
            return []
        self._void = len(self._owed)
        return self._round_in_resp2()

    def _failure(self, step: str, error: str) -> HandshakeFailed:
        code = error.split(" ", 1)[0]
        kind: type[HandshakeFailed] = HandshakeFailed
        if NO_ROOM in error:
            what = "has no room for one more client: lower max_size, or raise its maxclients"
        elif code == "DENIED":
            what = "is in protected mode: give its default user a password"
        elif code in NOT_READY:
            what = f"is not ready ({code}): try again in a moment"
        elif code == "NOAUTH" and self._credentials is None:
            kind, what = AuthenticationFailed, "asks for a password: write redis://user:password@host"
        elif code in ("WRONGPASS", "NOAUTH") or step == "AUTH":
            kind, what = AuthenticationFailed, f"refused user or password ({code}): {CHECK}"
        elif code == "NOPERM":
            kind, what = AuthenticationFailed, f"forbids this user {step}: allow it by ACL SETUSER"
        elif step == "HELLO":
            what = "does not speak RESP3: leave resp3_demanded out"
        else:
            what = f"refused SELECT {self._settings.database} ({error}): name a database that it has"
        return kind(f"{self._settings} {what}")
