"""The requests of one run to its driver, and what becomes of them."""

from time import monotonic
from typing import Any

from ..protocol.driver import Driver, OnReply
from ..protocol.messages import UNSUPPORTED, ClientError, DriverFault, Message


class Asked:
    """A request that was made. error: why it failed, unless that is for a caller to be told."""

    def __init__(self) -> None:
        self.number = 0
        self.is_done = False
        self.error: ClientError | None = None

    def done(self) -> bool:
        return self.is_done

    def exception(self) -> ClientError | None:
        return self.error


class Requests:
    """Makes requests; `on_reply` may raise the ClientError it was given. last: when one was last made."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._errands: list[Asked] = []
        self.last = monotonic()

    @property
    def are_errands_done(self) -> bool:
        return all(each.is_done for each in self._errands)

    def errand(self, verb: str, on_reply: OnReply, on_event: OnReply | None = None, **fields: Any) -> Asked:
        """A request that needs nothing but the client to be done, unlike a call."""
        asked = self.make(verb, on_reply, on_event, **fields)
        self._errands.append(asked)
        return asked

    def make(self, verb: str, on_reply: OnReply, on_event: OnReply | None = None, **fields: Any) -> Asked:
        asked = Asked()

        def listen(reply: Message) -> None:
            asked.is_done = True
            try:
                on_reply(reply)
            except ClientError as error:
                asked.error = error

        self.last = monotonic()
        asked.number = self._driver.request(verb, listen, on_event, **fields)
        return asked


def error_in(message: Message) -> ClientError:
    """What the driver says went wrong. Raises DriverFault if it can't do what it declared."""
    text = " ".join(str(message.get("text", "")).split())
    if message["kind"] == UNSUPPORTED:
        raise DriverFault(f"declared what it does not support: {text}")
    return ClientError(message["kind"], text, message.get("fate", ""))


def must_succeed(reply: Message) -> None:
    """Whatever the server does, the driver can do this. Raises DriverFault."""
    if not reply["ok"]:
        raise DriverFault(f"failed at what needs no server: {reply['kind']}, {reply.get('text', '')}")
