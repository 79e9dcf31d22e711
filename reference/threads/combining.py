"""Leader and follower: threads that share a connection write, read and dial for each other.

There is no thread but the callers'. Each call is made in its caller's thread, by the protocol that
models/combining.py searches and models/proofs/combining.py proves for any number of callers:

    accept the command            the core is entered under `_book`, which is never held while anything waits
    write     whoever gets `_writing` writes for all, and looks again after giving it back: what was accepted
              meanwhile found the lock taken, and relies on it
    wait      whoever gets `_reading` reads for all until its own reply was among what came; the others sleep
    leave     nobody leaves without a last look: if nobody reads, one who waits for a reply is woken, and
              reads. Not even a call whose limit has passed may leave without it: the wake-up that it slept
              through may have been the one that made it the reader

What ends the connection is noticed by who reads or writes: all calls are settled and woken at once. To dial
is a role like to read: one caller does it for all, and if it must go, another. Nobody reads while nothing is
owed; so the connection is looked at before the first command is written on it (CONN-04). One who waits for a
published message takes part like one who waits for a reply.
"""

# pyright: reportPrivateUsage=false
# Combining, Multiplexer and Subscription are parts of one mechanism.

from __future__ import annotations

import random
import threading
from _thread import allocate_lock
from collections.abc import Iterable
from contextlib import suppress
from itertools import chain
from math import inf
from time import monotonic

from ..batch import Batch
from ..errors import (
    CommandTimeout,
    ConnectFailed,
    ConnectionLost,
    Fate,
    PoolproofError,
    call_ended,
)
from ..multiplexer import DIALLING, UP, Ended
from ..ownership import forget_in_child
from ..resp import Push, Reply
from ..shell import MultiplexerShell
from ..subscriptions import confirms, message_of
from .calls import Call, Entry, Messages, Restoration, caller_of, settle
from .connection import tick_of
from .stream import Stream


class Combining(MultiplexerShell[Entry, Messages]):
    """How a call is made; what calls there are, `Multiplexer` says."""

    def _start(self) -> None:
        super()._start()
        self._book = allocate_lock()
        self._writing = threading.RLock()  # these know their owner, which `_sweep` relies on
        self._reading = threading.RLock()
        self._dialling = threading.RLock()
        self._accepted: set[Call] = set()  # whose threads wait
        self._stream: Stream | None = None  # of the present epoch, once it is open; or being dialled
        self._paused = 0, 0.0  # an epoch, and when its pause is over
        self._listening: set[Messages] = set()  # whose threads wait for a message
        self._closing = threading.Event()
        self._emptied = threading.Event()
        forget_in_child(self)

    def _call(
        self, data: bytes, replies: int = 1, transaction: bool = False, confirming: bool = False
    ) -> Reply:
        deadline = monotonic() + self._limit_seconds
        call = Call(self._core.heard)
        entry = Batch(call, replies, transaction) if replies > 1 else call
        try:
            self._look_if_idle()
            self._send(data, entry, replies, confirming, deadline)
            while not call.served:
                self._wait(call, deadline)
                if monotonic() >= deadline:
                    self._expire(call)
            self._last_look()
        except BaseException as error:
            call.served = True  # nobody waits for it any more
            if not isinstance(error, PoolproofError):
                self._sweep()
            self._last_look()
            raise
        finally:
            self._accepted.discard(call)
        return call.outcome()

    def _tell(self, data: bytes) -> None:
        """Sends what is answered by a push, or by an error."""
        self._call(data, confirming=True)

    def _send(self, data: bytes, entry: Entry, replies: int, confirming: bool, deadline: float) -> None:
        with self._book:
            self._accepted.add(caller_of(entry))
            self._core.send(data, entry, replies)
            if confirming:
                self._core.confirming.add(entry)
        self._write(deadline)

    def _wait(self, sleeper: Call | Messages, deadline: float) -> None:
        """Until the sleeper is served, or the deadline has passed, or it was woken for some reason."""
        core = self._core
        if core.link is UP and self._reading.acquire(False):
            try:
                while not sleeper.served and self._read() and monotonic() < deadline:
                    pass
            finally:
                self._reading.release()
        elif core.link is DIALLING and self._dialling.acquire(False):
            try:
                self._dial(deadline)
            finally:
                self._dialling.release()
            self._write(deadline)
        else:
            sleeper.sleep(deadline - monotonic())

    def _last_look(self) -> None:
        core = self._core
        busy = self._dialling if core.link is DIALLING else self._reading
        if (core.in_flight or core.backlog or self._listening) and busy.acquire(False):
            busy.release()
            with self._book:
                waiting = map(caller_of, chain(core.in_flight, (entry for _, entry, _ in core.backlog)))
                everybody: Iterable[Call | Messages] = chain(waiting, tuple(self._listening))
                heir = next((one for one in everybody if not one.served), None)
            if heir is not None:
                heir.wake()

    def _sweep(self) -> None:
        """After an interrupt, which may have struck anywhere: what it has kept this thread from is done."""
        for role in (self._writing, self._reading, self._dialling):
            with suppress(RuntimeError):  # it is not ours
                role.release()
        with self._book:
            queued = {*self._core.in_flight, *(entry for _, entry, _ in self._core.backlog)}
            astray = tuple(self._accepted - set(map(caller_of, queued)))  # on their way out of a queue
        self._fail(Ended(unknown=astray), ConnectionLost, "who read or wrote for all was interrupted")
        for sleeper in (*self._accepted, *self._listening):
            sleeper.wake()

    def _expire(self, call: Call) -> None:
        core = self._core
        with self._book:
            if call.served:
                return
            waiting = any(caller_of(entry) is call for _, entry, _ in core.backlog)
            silent = not waiting and core.heard == call.heard and core.link is UP
            reason = f"no reply from {self._settings} within {self._limit_seconds:g} s"
            call.set_exception(call_ended(CommandTimeout, reason, Fate.NOT_SENT if waiting else Fate.UNKNOWN))
            epoch, stream = core.epoch, self._stream
        if silent and stream is not None:  # CONN-10
            self._lost(
                epoch, stream, ConnectionLost, f"the server has sent nothing for {self._limit_seconds:g} s"
            )

    # Writing and reading, for everybody.

    def _write(self, deadline: float = inf) -> None:
        core = self._core
        while self._writing.acquire(False):
            epoch, stream = 0, None
            try:
                with self._book:
                    epoch, stream = core.epoch, self._stream
                    data = core.flush()
                if data and stream is not None:
                    stream.write(data, min(deadline, monotonic() + self._limit_seconds))
            except BaseException as error:
                if stream is not None and core.link is UP:
                    self._lost(epoch, stream, *(stream.end or (ConnectionLost, "a write was interrupted")))
                if not isinstance(error, PoolproofError):
                    raise
            finally:
                self._writing.release()
            if not core.backlog:
                return
            with self._book:
                if not core.sendable:
                    return

    def _read(self) -> bool:
        """One read, with the reading lock held; false if there is nothing to read from."""
        core = self._core
        with self._book:
            stream, epoch = self._stream, core.epoch
        if stream is None or core.link is not UP:
            return False
        try:
            self._deliver(epoch, stream, stream.read())
        except BaseException as error:
            if not isinstance(error, PoolproofError) and stream.took:
                stream.abort(ConnectionLost, "a read was interrupted")
            if stream.end is not None:
                self._lost(epoch, stream, *stream.end)
            if not isinstance(error, PoolproofError):
                raise
            return False
        return True

    def _deliver(self, epoch: int, stream: Stream, frames: list[Reply | Push]) -> None:
        core = self._core
        served: list[Call] = []
        with self._book:
            core.heard = stream.heard
            unasked = stream.begun_unasked and bool(frames) and not isinstance(frames[0], Push)
            unasked = unasked or self._settle_all(epoch, frames, served)
            is_continued = stream.begun_unasked and not frames
            stream.begun_unasked = stream.part_read and (is_continued or not core.in_flight)
            unasked |= stream.begun_unasked and stream.protocol == 2
        for call in served:
            call.wake()
        if unasked:
            stream.unasked()
            raise stream.error(Fate.UNKNOWN)
        if core.backlog:
            self._write()  # what the replies have made room for
        if core.draining and core.empty:
            self._emptied.set()

    def _settle_all(self, epoch: int, frames: list[Reply | Push], served: list[Call]) -> bool:
        """Gives the frames to whom they are for, in order; true if there are more replies than were owed."""
        replies: list[Reply] = []
        unasked = False
        for frame in frames:
            if isinstance(frame, Push):
                unasked |= settle(self._core.received(epoch, len(replies)), replies, served)
                replies = []
                self._pushed(epoch, frame, served)
            else:
                replies.append(frame)
        return settle(self._core.received(epoch, len(replies)), replies, served) or unasked

    def _pushed(self, epoch: int, frame: Push, served: list[Call]) -> None:
        if confirms(frame):
            settle(self._core.confirmed(epoch), [list(frame)], served)
        elif (message := message_of(frame)) is not None:
            for messages in self._subscriptions.listeners.get(message.topic, ()):
                messages.put(message)

    # The connection.

    def _dial(self, deadline: float) -> None:
        """Opens a connection for all, with the dialling lock held; all are told if that fails. If only this
        caller must go, by its own limit or an interrupt, another one dials instead (CALL-03)."""
        core = self._core
        with self._book:
            if core.link is not DIALLING:
                return
            epoch, now = core.epoch, monotonic()
            if self._paused[0] != epoch:  # one pause for each epoch, whoever dials when it is over
                self._paused = epoch, now + core.pauses.seconds(random.random())
            stream = self._stream = Stream(self._settings, tick_of(self._limit_seconds))
            stream.heard = core.heard
        try:
            self._closing.wait(min(self._paused[1], deadline) - now)
            if (left := deadline - monotonic()) <= 0:
                return
            stream.connect(left)
            with self._book:
                core.heard = stream.heard  # so that who waited for the dial finds nobody silent (CONN-10)
                if core.epoch == epoch:
                    core.opened(epoch, self._restoring(stream))
        except BaseException as error:
            stream.abort(ConnectFailed, "the dial was given up")
            if isinstance(error, PoolproofError) and monotonic() < deadline:
                self._lost(epoch, stream, type(error), str(error))
            elif not isinstance(error, PoolproofError):
                if core.link is UP:
                    self._lost(epoch, stream, ConnectionLost, "a dial was interrupted")
                raise

    def _restoring(self, stream: Stream) -> list[tuple[bytes, Entry]]:
        """What is to be subscribed again; where that cannot be, the listeners are told (MUX-09)."""
        if stream.protocol == 2:
            for messages in self._subscriptions.everybody():
                messages.finish(ConnectionLost("after the reconnection the server speaks RESP2 only"))
            self._subscriptions.listeners.clear()
        listeners = self._subscriptions.listeners
        return [(topic.subscribe, Restoration(listeners, topic)) for topic in listeners]

    def _lost(self, epoch: int, stream: Stream, kind: type[PoolproofError], reason: str) -> None:
        stream.abort(kind, reason)
        with self._book:
            present, was_up = epoch == self._core.epoch, self._core.link is UP
            ended = self._core.lost(epoch)
            if present:
                self._stream = None
                for messages in self._subscriptions.everybody():
                    messages.disturb(was_up)
        self._fail(ended, kind, reason)

    def _fail(self, left: Ended[Entry], kind: type[PoolproofError], reason: str) -> None:
        """They are in no queue any more. The book is not taken again: at a lock an interrupt may strike."""
        for entries, fate in ((left.unknown, Fate.UNKNOWN), (left.not_sent, Fate.NOT_SENT)):
            for entry in entries:
                if not entry.done():
                    entry.set_exception(call_ended(kind, reason, fate))
        for entry in (*left.unknown, *left.not_sent):
            caller_of(entry).wake()
        if self._core.draining and self._core.empty:
            self._emptied.set()

    def _look_if_idle(self) -> None:
        """Before the first command on a connection that owes nothing: has it ended, has anything come?"""
        core = self._core
        if core.link is UP and not core.in_flight and not core.backlog and self._reading.acquire(False):
            try:
                stream = self._stream
                while core.empty and stream is not None and stream.wait(0) and self._read():
                    pass
            finally:
                self._reading.release()

    def _forget(self) -> None:
        """We are the child of a fork: what there is belongs to the parent (LIFE-07)."""
        if self._stream is not None:
            self._stream.disown()
        self._start()
