"""What a server does with a command before it carries it out: is it known, allowed, and now?

The order of the checks is a server's own, for a command may fail several of them and is told of the first. A
session in which nothing unusual holds (`is_plain`) passes all but the first two.
"""

from binascii import crc_hqx
from collections.abc import Iterator
from functools import cache

from .calling import perform, release, serve_blocked
from .command import Command, Words
from .commands import COMMANDS
from .replies import QUEUED, Refusal, error
from .session import Queued, Reply, Session
from .setup import Condition
from .state import Served, Server
from .waiting import Blocked

_QUOTED_BYTES = 128  # how much of a command is quoted in an error, and how much of its arguments
_NEVER = float("inf")


class Processor:
    """Carries out what comes in on all connections of one server."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.know_but(server.setup.unknown)

    def know_but(self, unknown: frozenset[str]) -> None:
        """From now on all commands are known but those."""
        self._unknown = {name.upper().encode() for name in unknown}
        self._commands, self._subcommands = _commands_known(unknown)
        self._server.commands = self._commands

    def hides(self, words: Words) -> bool:
        """The command is one that this server is to be too old to know."""
        first, both = words[0].upper(), b" ".join(words[:2]).upper()
        return first in self._unknown or both in self._unknown

    def knows(self, words: Words) -> bool:
        """The command is one that this server can carry out."""
        command = self._commands.get(words[0].upper())
        if command is not None and command.subcommands and len(words) > 1:
            return words[1].upper() in self._subcommands[command]
        return command is not None

    def execute(self, session: Session, words: Words) -> bytes | None:
        """The reply to a command, empty if there is to be none; None: the session is blocked."""
        server, before, command = self._server, session.reply, None
        try:
            command = self._look_up(session, words)
            session.command = command.name
            if session.is_plain and not server.paused_until:
                return perform(server, session, command, words)
            reply = self._execute_if_allowed(session, command, words)
        except Refusal as refusal:
            reply = _refused(session, command, str(refusal))
        reply = _muted(session, before, command, reply)
        _forget_what_holds_for_one_command(session, command)
        session.changed()
        if server.waiting and not server.is_paused():
            self._resume()
        return reply

    def pass_time(self) -> None:
        """Whoever has waited long enough is answered, and a pause may be over."""
        now = self._server.clock()
        for blocked in self._server.waiting.overdue(now):
            assert blocked.wait is not None
            release(self._server, blocked, blocked.wait.at_limit)
        if self._server.paused_until and not self._server.is_paused():
            self._server.paused_until = 0.0
            self._resume()

    def next_time(self) -> float:
        """When `pass_time` will have something to do; infinity: never."""
        return min(self._server.waiting.next_limit(), self._server.paused_until or _NEVER)

    # whether

    def _look_up(self, session: Session, words: Words) -> Command:
        command = self._commands.get(words[0]) or self._commands.get(words[0].upper())
        if command is not None and command.subcommands and len(words) > 1:
            container, command = command, self._subcommands[command].get(words[1].upper())
        else:
            container = None
        if session.user is None and not (self._server.setup.lenient or (command and command.needs_no_user)):
            raise Refusal("NOAUTH Authentication required.")
        if command is None:
            raise Refusal(_unknown(container, words))
        if not command.takes(len(words)):
            raise Refusal(f"ERR wrong number of arguments for '{command.name}' command")
        return command

    def _execute_if_allowed(self, session: Session, command: Command, words: Words) -> bytes | None:
        for complaint in self._complaints(session, command, words):
            raise Refusal(complaint)
        if self._is_held_up(session, command):
            self._server.waiting.enter(Blocked(session, None, words))
            return None
        if session.queue is not None and command.is_queued:
            session.queue.append(Queued(command, words))
            return QUEUED
        return perform(self._server, session, command, words)

    def _complaints(self, session: Session, command: Command, words: Words) -> Iterator[str]:
        """Why the command can't be carried out; the first reason counts."""
        if session.queue is not None and not command.is_allowed_in_transactions:
            yield f"ERR Command '{command.name}' not allowed inside a transaction"
        if session.condition is not Condition.WELL:
            yield from _symptoms(session, command, words)
        if session.protocol == 2 and session.is_subscribed and not command.works_while_subscribed:
            yield (
                f"ERR Can't execute '{command.name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / "
                "RESET are allowed in this context"
            )
        if session.monitors and any(each.reads or each.may_write for each in _all(session, command)):
            yield "ERR Replica can't interact with the keyspace"

    # when

    def _is_held_up(self, session: Session, command: Command) -> bool:
        server = self._server
        if session.monitors or not (server.paused_until and server.is_paused()):
            return False
        return server.pauses_all or any(each.may_write for each in _all(session, command))

    def _resume(self) -> None:
        """What CLIENT PAUSE had held up is carried out."""
        for blocked in self._server.waiting.paused():
            self._server.waiting.leave(blocked.session)
            reply = self.execute(blocked.session, blocked.words)
            if reply is not None:
                self._server.news.append(Served(blocked.session, reply))
        serve_blocked(self._server)


@cache
def _commands_known(
    unknown: frozenset[str],
) -> tuple[dict[bytes, Command], dict[Command, dict[bytes, Command]]]:
    """All commands but these, by name, and by container and second word."""
    names = {name.upper() for name in unknown}
    commands = {name: each for name, each in COMMANDS.items() if name.decode() not in names}
    subcommands = {
        container: {
            second: each
            for second, each in container.subcommands.items()
            if each.name.upper().replace("|", " ") not in names
        }
        for container in commands.values()
        if container.subcommands
    }
    return commands, subcommands


def _all(session: Session, command: Command) -> list[Command]:
    """The command, and if it is EXEC, those that are carried out with it."""
    queued = session.queue if command.name == "exec" else None
    return [command, *(each.command for each in queued or ())]


def _symptoms(session: Session, command: Command, words: Words) -> Iterator[str]:
    together = _all(session, command)
    match session.condition:
        case Condition.MOVED if keys := command.keys_in(words):
            yield Condition.MOVED.value.format(slot=crc_hqx(keys[0], 0) % 16384)
        case Condition.OOM if any(each.grows for each in together):
            yield Condition.OOM.value
        case Condition.READONLY | Condition.MASTERDOWN if any(each.writes for each in together):
            yield Condition.READONLY.value
        case Condition.MASTERDOWN if not all(each.works_with_old_data for each in together):
            yield Condition.MASTERDOWN.value
        case Condition.LOADING if not all(each.works_while_loading for each in together):
            yield Condition.LOADING.value
        case _:
            pass


def _refused(session: Session, command: Command | None, complaint: str) -> bytes:
    if command is not None and command.name == "exec":
        session.queue = None
        session.is_spoilt = False
        session.watched.clear()
        return error(f"EXECABORT Transaction discarded because of: {complaint.removeprefix('ERR ')}")
    session.is_spoilt = session.queue is not None
    return error(complaint)


def _muted(session: Session, before: Reply, command: Command | None, reply: bytes | None) -> bytes | None:
    """The reply, empty if CLIENT REPLY says so; pushes are sent all the same."""
    if not reply:
        return reply
    is_switched_on = command is not None and command.name == "client|reply" and session.reply is Reply.ON
    is_muted = session.reply is Reply.OFF or (before is Reply.SKIP and not is_switched_on)
    if session.reply is Reply.SKIP:
        session.reply = Reply.ON
    is_push = command is not None and command.has_pushes_for_a_reply and reply[:1] in b"*>"
    return reply if is_push or not is_muted else b""


def _forget_what_holds_for_one_command(session: Session, command: Command | None) -> None:
    name = command.name if command else ""
    if name != "asking":
        session.asks = False
    if session.tracking and session.queue is None and not name.startswith("client|"):
        session.tracking.is_decided = False


def _unknown(container: Command | None, words: Words) -> str:
    if container is not None:
        what = words[1][:_QUOTED_BYTES].decode("latin-1")
        return f"ERR unknown subcommand '{what}'. Try {container.name.upper()} HELP."
    arguments = ""
    for word in words[1:]:
        if len(arguments) < _QUOTED_BYTES:
            arguments += f"'{word[: _QUOTED_BYTES - len(arguments)].decode('latin-1')}' "
    name = words[0][:_QUOTED_BYTES].decode("latin-1")
    return f"ERR unknown command '{name}', with args beginning with: {arguments}"
