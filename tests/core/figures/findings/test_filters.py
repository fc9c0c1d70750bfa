"""Which filter changed, moved or widened most; and what is said where none did."""

from dataclasses import replace

import numpy as np
import pytest

from core.figures.findings import filters as findings
from core.figures.style import NBSP
from core.frontend.filter_facts import filter_facts
from core.records.filters import Filters, FilterSnapshot

N_FFT, RATE = 32, 16_000


def plain(text):
    return text.replace(NBSP, " ")


def triangles():
    """Five filters of three bins, one after the other."""
    basis = np.zeros((5, N_FFT // 2 + 1), np.float32)
    for number in range(5):
        basis[number, 3 * number : 3 * number + 3] = 0.5, 1.0, 0.5
    return basis


@pytest.fixture
def made():
    def make(setting="D", mel=None, stft_gain=1.0):
        """Filters whose mel filters became ``mel``."""
        angles = 2 * np.pi * np.outer(np.arange(N_FFT // 2 + 1), np.arange(N_FFT)) / N_FFT
        start = FilterSnapshot(0, triangles(), np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32))
        learned = replace(
            start,
            epoch=3,
            mel_basis=start.mel_basis if mel is None else mel.astype(np.float32),
            stft_cos=stft_gain * start.stft_cos,
            stft_sin=stft_gain * start.stft_sin,
        )
        return Filters(start, learned, RATE, N_FFT, 160, setting)

    return make


def test_the_filter_that_changed_most_in_shape_is_named_with_the_median(made):
    mel = triangles()
    mel[3, 9:12] = 1.0, 0.5, 0.5
    said = plain(findings.bank(made(mel=mel), "mel"))
    # Of (0.5, 1, 0.5) and (1, 0.5, 0.5) the cosine is 5 / 6.
    assert said == f"Filter 3 changed most: its shape by {100 * np.sqrt(1 - 25 / 36):.3g} % (median 0 %)."


def test_a_chosen_filter_comes_first_and_the_one_that_changed_most_after_it(made):
    mel = triangles()
    mel[3, 9:12], mel[1] = (1.0, 0.5, 0.5), 2 * mel[1]
    assert plain(findings.bank(made(mel=mel), "mel", chosen=1)) == (
        "Filter 1: gain × 2, shape change 0 %; filter 3 changed most (55.3 %)."
    )
    assert findings.bank(made(mel=mel), "mel", chosen=3).startswith("Filter 3 changed most")


def test_where_only_loudness_changed_no_shape_is_claimed(made):
    mel = triangles()
    mel[2] *= 3
    assert plain(findings.bank(made(mel=mel), "mel")) == "Only gain changed, most in filter 2: × 3."


@pytest.mark.parametrize("part", ["mel", "stft"])
def test_nothing_trained_and_nothing_moved_yet_are_told_apart(made, part):
    assert "not trained: learned equals initial." in findings.bank(made("A"), part)
    assert "epoch 3: learned still equals initial." in findings.bank(made("D"), part)
    assert findings.one(made("A"), part, 1).endswith("not trained, learned equals initial.")
    assert findings.one(made("D"), part, 1).endswith(": learned equals initial.")


def test_silent_and_broken_filters_are_said_one_by_one_and_as_a_whole(made):
    mel = triangles()
    mel[1], mel[2] = 0, np.nan
    assert findings.one(made(mel=mel), "mel", 1) == "Filter 1 went silent: all its learned weights are zero."
    assert "not numbers" in findings.one(made(mel=mel), "mel", 2)
    assert findings.bank(made(mel=0 * mel), "mel") == findings.NOTHING_LEFT


def test_a_bin_is_named_with_its_frequency(made):
    assert plain(findings.one(made("C", stft_gain=0.5), "stft", 2)) == "Bin 2 (1,000 Hz): gain × 0.5, shape change 0 %."


def test_close_up_the_filter_that_changed_most_says_so(made):
    mel = triangles()
    mel[3, 9:12], mel[1] = (1.0, 0.5, 0.5), 2 * mel[1]
    assert plain(findings.one(made(mel=mel), "mel", 3)).startswith("Filter 3 changed most: gain ×")
    assert plain(findings.one(made(mel=mel), "mel", 1)).startswith("Filter 1: gain × 2")


def test_the_filter_that_moved_furthest_is_the_one_that_moved_furthest_by_pitch(made):
    mel = triangles()
    mel[0], mel[4] = np.roll(mel[0], 1), np.roll(mel[4], -1)
    assert plain(findings.spans(filter_facts(made(mel=mel)))) == "Filter 0 moved furthest: from 500 to 1,000 Hz."
    assert findings.spans(filter_facts(made())) == "No filter moved: all listen where they began."


def test_neighbours_that_changed_places_are_counted(made):
    mel = triangles()
    mel[[1, 2]] = mel[[2, 1]]
    assert findings.spans(filter_facts(made(mel=mel))).endswith("; 1 pair of neighbours changed places.")


def test_wider_and_narrower_are_told_apart(made):
    wide, narrow = triangles(), triangles()
    wide[2, 5:10] = 1.0
    narrow[2, [6, 8]] = 0.0
    assert plain(findings.widths(filter_facts(made(mel=wide)))).startswith(
        "Filter 2 widened most: from 1,000 to 2,500 Hz"
    )
    assert plain(findings.widths(filter_facts(made(mel=narrow)))).startswith(
        "Filter 2 narrowed most: from 1,000 to 500 Hz"
    )
    assert findings.widths(filter_facts(made())) == "No filter became wider or narrower."


def test_the_band_that_won_most_weight_and_the_one_that_lost_most_are_named():
    edges = np.array([0.0, 1000.0, 4000.0, 8000.0])
    said = plain(findings.bands(np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5]), edges))
    assert said == (
        "30 % of the weight moved to other bands: most was won at 4,000–8,000 Hz, most was lost at 0–1,000 Hz."
    )
    assert "Nothing moved" in findings.bands(np.full(3, 1 / 3), np.full(3, 1 / 3), edges)
    assert "silent" in findings.bands(np.full(3, 1 / 3), np.full(3, np.nan), edges)


def test_over_epochs_the_end_and_the_half_of_it_are_told():
    said = findings.over_epochs([0, 4, 9, 20], [0.0, 0.07, 0.1, 0.12], "the median filter's shape")
    assert plain(said) == "The median filter's shape changed by 12 % until epoch 20, half of it by epoch 4."
    assert findings.over_epochs([0, 20], [0.0, 0.0], "it").startswith("Nothing changed in shape")
    assert findings.over_epochs([0], [np.nan], "it") == findings.NOTHING_LEFT


def test_of_several_models_the_one_that_changed_most_is_named(made):
    mel = triangles()
    mel[3, 9:12] = 1.0, 0.5, 0.5
    two = {"calm": made("A"), "wild": made(mel=mel)}
    assert plain(findings.several(two, "mel")) == "wild changed most: filter 3, its shape by 55.3 %."
    assert plain(findings.one_of_several(two, "mel", 3)).startswith("Filter 3 changed most in wild: gain × 1, shape")
    assert findings.several({"calm": made("A")}, "mel").startswith("None of these models")
    assert findings.one_of_several(two, "mel", 1) == "Filter 1 has its initial shape in every model."


def test_the_tone_that_is_answered_most_is_told_before_and_after():
    hz, before, after = np.array([0.0, 500.0, 1000.0]), np.array([0, 1, 0.5]), np.array([0, 1, 2.0])
    assert (
        plain(findings.peak("bin 1", hz, before, after)) == "Bin 1 answers most to 1,000 Hz, before training to 500 Hz."
    )
    assert plain(findings.peak("bin 1", hz, before, 3 * before)) == "Bin 1 answers most to 500 Hz, as before training."
    assert "learned equals initial" in findings.peak("bin 1", hz, before, before)
    assert "went silent" in findings.peak("bin 1", hz, before, 0 * before)


def test_what_is_silenced_is_counted():
    assert findings.silenced(0, 241, 0, 40).startswith("Nothing is chosen yet")
    assert findings.silenced(25, 241, 1, 40) == "Silenced, in orange: 25 of 241 STFT bins, 1 of 40 mel filters."


def test_the_largest_difference_between_answers_is_found(made):
    difference = np.zeros((17, 17))
    difference[4, 6] = -3.25
    said = plain(findings.largest_difference(made("C", stft_gain=2.0), difference))
    assert said == "Largest difference: bin 4 (2,000 Hz) for a tone of 3,000 Hz, −3.2 dB."
    assert "No answer changed" in findings.largest_difference(made("C", stft_gain=2.0), 0 * difference)
    assert "not trained" in findings.largest_difference(made("A"), difference)
