"""Text for people: whatever was in it, every page, terminal and file can take it."""

import os

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.errors import ConfigError, DataError, KeywordSpottingError, is_out_of_memory, system_error
from core.text import printable, shortened

ANYTHING = st.text(st.characters(codec=None, exclude_categories=()))


@given(ANYTHING)
@example("\ud800 \udcff \x00 \x1b \x9b \u2028 \u202e")
def test_printable_text_is_utf8_and_holds_no_commands_for_terminals(text):
    shown = printable(text)
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert not {chr(code) for code in (*range(9), *range(11, 32), *range(127, 160), 0x2028, 0x2029, 0x202E)} & set(
        shown
    )


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs"))))
@example("accuracy 50.1 % (−0.4 to +1.2), “yes” × 2 …\n\tnaïve 日本 \U0001f600")
def test_ordinary_text_stays_as_it_is(text):
    assert printable(text) == text


@given(st.binary(min_size=1, max_size=20))
def test_a_name_that_is_no_text_shows_its_bytes(name):
    odd = [byte for byte in name if byte >= 0x80]
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        assert any(f"\\x{byte:02x}" in printable(os.fsdecode(name)) for byte in odd)


@given(ANYTHING)
def test_every_error_for_people_can_be_shown(text):
    for kind in (KeywordSpottingError, ConfigError, DataError):
        assert str(kind(text)) == f"{kind(text)}" == printable(text)


@given(st.text(), st.integers(9, 300))
def test_shortened_text_keeps_its_ends(text, longest):
    short = shortened(text, longest)
    assert len(short) <= longest
    assert short == text or (len(text) > longest and text[:2] == short[:2] and text[-2:] == short[-2:])


def test_what_the_system_refuses_is_told_with_its_file():
    said = system_error(PermissionError(13, "Permission denied", "/there/caf\udce9"))
    assert "Permission denied" in said
    assert "/there/caf\\xe9" in said
    assert "something odd" in system_error(OSError("something odd"))


def test_lack_of_memory_is_known_in_all_its_forms():
    import torch

    assert is_out_of_memory(MemoryError())
    assert is_out_of_memory(torch.cuda.OutOfMemoryError("CUDA out of memory"))
    with pytest.raises(RuntimeError) as refused:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(refused.value)
    assert not is_out_of_memory(RuntimeError("shapes do not fit"))
