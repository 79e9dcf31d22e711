"""Who listens to what, and what a frame that answers no command means (MUX-08, MUX-09)."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolproof.reference.subscriptions import Message, Subscriptions, Topic, confirms, message_of

CHANNEL, PATTERN, SHARD = Topic("message", b"news"), Topic("pmessage", b"n*"), Topic("smessage", b"news")


@pytest.mark.parametrize(
    ("topic", "subscribe", "unsubscribe"),
    [
        (CHANNEL, b"SUBSCRIBE", b"UNSUBSCRIBE"),
        (PATTERN, b"PSUBSCRIBE", b"PUNSUBSCRIBE"),
        (SHARD, b"SSUBSCRIBE", b"SUNSUBSCRIBE"),
    ],
)
def test_each_kind_of_topic_has_commands_of_its_own(
    topic: Topic, subscribe: bytes, unsubscribe: bytes
) -> None:
    sent = (topic.subscribe, topic.unsubscribe)
    assert sent == tuple(
        b"*2\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n" % (len(name), name, len(topic.name), topic.name)
        for name in (subscribe, unsubscribe)
    )


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ([b"message", b"news", b"data"], Message(CHANNEL, b"news", b"data")),
        ([b"pmessage", b"n*", b"news", b"data"], Message(PATTERN, b"news", b"data")),
        ([b"smessage", b"news", b"data"], Message(SHARD, b"news", b"data")),
    ],
)
def test_a_message_tells_what_was_subscribed_where_it_was_published_and_what(
    frame: list[bytes], message: Message
) -> None:
    assert message_of(frame) == message
    assert not confirms(frame)


@pytest.mark.parametrize("prefix", [b"", b"un", b"p", b"pun", b"s", b"sun"])
@pytest.mark.parametrize("name", [b"news", None])
def test_a_confirmation_is_no_message(prefix: bytes, name: bytes | None) -> None:
    frame = [prefix + b"subscribe", name, 1]
    assert (confirms(frame), message_of(frame)) == (True, None)


anything = st.recursive(
    st.none() | st.integers() | st.binary() | st.sampled_from([b"message", b"pmessage", b"subscribe"]),
    lambda values: st.lists(values, max_size=4),
    max_leaves=6,
)


@given(st.lists(anything, max_size=5))
def test_mux_08_a_frame_of_any_other_kind_does_no_harm(frame: list[object]) -> None:
    known = frame[:1] in ([b"message"], [b"pmessage"], [b"subscribe"])
    assert known or (message_of(frame), confirms(frame)) == (None, False)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "frame", [[], [[b"subscribe"]], [b"message"], [b"message", b"news"], [b"pmessage", b"n*", b"d"]]
)
def test_mux_08_a_frame_that_is_cut_short_does_no_harm(frame: list[bytes]) -> None:
    assert (message_of(frame), confirms(frame)) == (None, False)


def test_mux_09_the_server_is_told_by_the_first_listener_and_by_the_last() -> None:
    subscriptions = Subscriptions[str]()
    assert [subscriptions.add(CHANNEL, name) for name in "ab"] == [True, False]
    assert [subscriptions.remove(CHANNEL, name) for name in "ab"] == [False, True]
    assert subscriptions.listeners == {}


def test_a_channel_a_pattern_and_a_shard_channel_of_one_name_are_three_topics() -> None:
    subscriptions = Subscriptions[str]()
    topics = [Topic(kind, b"news") for kind in ("message", "pmessage", "smessage")]
    assert [subscriptions.add(topic, "a") for topic in topics] == [True, True, True]


def test_who_listens_to_nothing_of_it_can_leave_without_harm() -> None:
    subscriptions = Subscriptions[str]()
    subscriptions.add(CHANNEL, "a")
    assert [subscriptions.remove(CHANNEL, "b"), subscriptions.remove(PATTERN, "a")] == [False, False]
    assert subscriptions.everybody() == ["a"]


def count_as_they_should(made: Subscriptions[int], steps: list[tuple[bool, int, int]]) -> bool:
    """Whether the server is told exactly when a topic's number of listeners leaves 0, or comes back to it."""
    topics = [Topic("message", b"%d" % number) for number in range(2)]
    listening = Counter[tuple[int, int]]()
    for adds, topic, listener in steps:
        before = sum(listening[topic, one] for one in range(3))
        was = listening[topic, listener]
        listening[topic, listener] = was + 1 if adds else max(was - 1, 0)
        after = sum(listening[topic, one] for one in range(3))
        change = made.add if adds else made.remove
        if change(topics[topic], listener) != ((before == 0) != (after == 0)):
            return False
        everybody = sorted(one for (_, one), times in listening.items() for _ in range(times))
        if sorted(made.everybody()) != everybody:
            return False
    return True


steps = st.lists(st.tuples(st.booleans(), st.integers(0, 1), st.integers(0, 2)), max_size=30)


@given(steps)
def test_mux_09_the_server_is_told_what_is_needed_and_no_more(taken: list[tuple[bool, int, int]]) -> None:
    assert count_as_they_should(Subscriptions[int](), taken)


class ForgetsTheOthers(Subscriptions[int]):
    """Whoever leaves takes all other listeners of the topic along."""

    def remove(self, topic: Topic, listener: int) -> bool:
        return self.listeners.pop(topic, None) is not None and listener >= 0


class TellsEveryTime(Subscriptions[int]):
    """Each listener subscribes."""

    def add(self, topic: Topic, listener: int) -> bool:
        super().add(topic, listener)
        return True


@pytest.mark.parametrize("fault", [ForgetsTheOthers, TellsEveryTime])
def test_it_would_be_noticed(fault: type[Subscriptions[int]]) -> None:
    everything = [(True, 0, 0), (True, 0, 1), (False, 0, 0), (False, 0, 1)]
    assert count_as_they_should(Subscriptions[int](), everything)
    assert not count_as_they_should(fault(), everything)
