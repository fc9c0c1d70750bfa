"""The tape keeps the last samples where they were."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.inference.tape import Tape


@given(n_kept=st.integers(1, 50), sizes=st.lists(st.integers(0, 120), max_size=30))
def test_what_was_heard_is_found_where_it_was(n_kept, sizes):
    whole = np.arange(1, sum(sizes) + 1, dtype=np.float32)
    tape = Tape(n_kept)
    heard = 0
    for size in sizes:
        tape.append(whole[heard : heard + size])
        heard += size
        assert tape.end == heard
        assert tape.start == max(0, heard - n_kept)
        np.testing.assert_array_equal(tape.between(tape.start, tape.end), whole[tape.start : heard])


def test_before_the_stream_there_is_silence_and_beyond_what_is_kept_nothing():
    tape = Tape(4)
    tape.append(np.array([1, 2], np.float32))
    assert tape.between(-2, 2).tolist() == [0, 0, 1, 2]
    for start, end in ((-3, 2), (0, 3), (2, 1)):
        with pytest.raises(IndexError):
            tape.between(start, end)


def test_what_is_given_does_not_change_later():
    tape = Tape(4)
    tape.append(np.ones(4, np.float32))
    given_out = tape.between(0, 4)
    tape.append(np.zeros(8, np.float32))
    assert given_out.tolist() == [1, 1, 1, 1]
