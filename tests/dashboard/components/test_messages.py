"""What the browser's microphone sends: nothing is lost or heard twice, and nonsense does no harm."""

import base64
import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from dashboard.components.messages import LARGEST_S, Inbox, read_message

SESSION = "0123456789abcdef" * 2


def encoded(samples):
    return base64.b64encode(np.asarray(samples, "<i2").tobytes()).decode()


def message(number=1, first=0, samples=(1, 2, 3), session=SESSION, **other):
    """What the browser would send, as it comes out of JSON."""
    return {
        "session": session,
        "number": number,
        "attempt": 0,
        "first": first,
        "length": len(samples),
        "rate": 16_000,
        "samples": encoded(samples),
        "source": "browser",
        "on": True,
        "have": {"stream": "1.learned", "until_s": 0.3},
        "seen": [[4, 310]],
        **other,
    }


def test_a_message_of_sound_is_read():
    read = read_message(message(number=7, first=3200, samples=[0, -32768, 32767], rate=48_000))
    assert (read.session, read.number, read.first, read.rate) == (SESSION, 7, 3200, 48_000)
    assert read.samples.tolist() == [0, -32768, 32767]
    assert (read.source, read.on, read.stream, read.until_s, read.seen) == (
        "browser",
        True,
        "1.learned",
        0.3,
        ((4, 310),),
    )


def test_a_message_without_sound_is_read():
    asked = message(source="card")
    for name in ("first", "length", "rate", "samples"):
        del asked[name]
    read = read_message(asked)
    assert (read.source, len(read.samples)) == ("card", 0)


def test_nothing_sent_yet_is_no_message():
    assert read_message(None) is None


NONSENSE = {
    "no table": ["session"],
    "a text": "session",
    "a number": 3,
    "no session": message(session=None),
    "a path as session": message(session="../../../../etc/passwd00000000000"),
    "no number": message(number="1"),
    "number 0": message(number=0),
    "half a number": message(number=1.5),
    "no number at all": message(number=float("nan")),
    "endless": message(number=float("inf")),
    "truth as a number": message(number=True),
    "before the start": message(first=-1),
    "behind all numbers": message(first=2**60),
    "rate too low": message(rate=7_999),
    "rate too high": message(rate=192_001),
    "rate as text": message(rate="16000"),
    "no base64": message(samples=()) | {"samples": "????"},
    "half a sample": message() | {"samples": base64.b64encode(b"123").decode()},
    "bytes for text": message() | {"samples": [1, 2]},
    "too much sound": message() | {"samples": "A" * round(3 * LARGEST_S * 16_000 + 8)},
    "another source": message(source="file"),
    "no source": message(source=["browser"]),
    "no picture": message(have=None),
    "a strange stream": message(have={"stream": "<script>", "until_s": 1}),
    "a time that is no number": message(have={"stream": "", "until_s": float("nan")}),
    "latencies that are no list": message(seen={"1": 2}),
    "latencies that are no pairs": message(seen=[[1]]),
    "latencies that are no numbers": message(seen=[["1", "2"]]),
    "too many latencies": message(seen=[[1, 1]] * 1001),
}


@pytest.mark.parametrize("nonsense", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_is_left_out_with_a_line_in_the_log(nonsense, caplog):
    with caplog.at_level(logging.WARNING):
        assert read_message(nonsense) is None
    assert "left out" in caplog.text
    assert len(caplog.text) < 500, "the log does not repeat all that was sent"


json_values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


@given(name=some.sampled_from(sorted(message())), value=json_values)
def test_no_value_in_any_place_makes_it_fail(name, value):
    read = read_message(message() | {name: value})
    assert read is None or read.session
    assert read_message(value) is None


# In order


def take(inbox, *args, **options):
    return inbox.take(read_message(message(*args, **options))).tolist()


def test_a_message_that_comes_again_is_heard_once():
    inbox = Inbox()
    assert take(inbox, 1, 0, [1, 2, 3]) == [1, 2, 3]
    assert take(inbox, 1, 0, [1, 2, 3]) == []
    assert take(inbox, 2, 3, [4, 5]) == [4, 5]
    assert take(inbox, 1, 0, [1, 2, 3]) == []
    assert (inbox.received, inbox.n_missing, inbox.n_repeated) == (5, 0, 2)


def test_sound_that_the_browser_dropped_is_counted():
    inbox = Inbox()
    take(inbox, 1, 0, [1, 2, 3])
    assert take(inbox, 2, 10, [11, 12]) == [11, 12]
    assert (inbox.received, inbox.n_missing) == (12, 7)


def test_a_server_that_was_started_anew_goes_on_in_the_middle():
    inbox = Inbox()
    assert take(inbox, 50, 1000, [7]) == [7]
    assert (inbox.received, inbox.n_missing) == (1001, 0)


def test_another_press_of_start_begins_anew():
    inbox = Inbox()
    take(inbox, 1, 0, [1, 2, 3])
    other = SESSION[::-1]
    assert inbox.is_new_session(read_message(message(2, 0, [4], session=other)))
    assert take(inbox, 2, 0, [4], session=other) == [4]
    assert inbox.received == 1


def test_questions_without_sound_count_as_messages():
    inbox = Inbox()
    take(inbox, 1, 0, [1, 2])
    assert take(inbox, 2, 0, []) == []
    assert (inbox.number, inbox.received, inbox.n_missing) == (2, 2, 0)


@given(sizes=some.lists(some.integers(1, 20), max_size=30), data=some.data())
def test_whatever_is_repeated_all_samples_arrive_once_and_in_order(sizes, data):
    inbox, heard, sent, messages = Inbox(), [], 0, []
    for number, size in enumerate(sizes, start=1):
        messages.append((number, sent, list(range(sent, sent + size))))
        sent += size
        # The browser sends the next one only after an answer, but old ones may still be under way.
        for one in (*data.draw(some.lists(some.sampled_from(messages), max_size=3)), messages[-1]):
            heard += take(inbox, *one)
    assert heard == list(range(sent))
    assert (inbox.received, inbox.n_missing) == (sent, 0)
