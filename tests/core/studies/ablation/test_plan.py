"""What is asked, and of which clips."""

import pytest

from core.config import MODELS
from core.errors import ConfigError
from core.records.ablation import KINDS, Experiment
from core.studies.ablation.plan import FEWEST_CLIPS, as_spans, n_quick, n_variants, parse_numbers
from core.studies.ablation.variants import variants_of


@pytest.mark.parametrize("model", MODELS)
def test_every_model_has_a_quick_answer(model):
    assert FEWEST_CLIPS <= n_quick(model, 41, 5000) <= 5000
    assert n_quick(model, 41, 10) == 10


@pytest.mark.parametrize("kind", KINDS)
def test_the_number_of_bases_is_known_in_advance(kind, filters):
    experiment = Experiment(kind=kind, bins=(3,) if kind == "mask" else ())
    own, changed = variants_of(filters, experiment)
    asked = {own} | {(one.basis, one.occluded) for one in changed} - {(own, None)}
    assert len(asked) == n_variants(kind, "D", 40)


def test_numbers_are_read_as_people_write_them():
    assert parse_numbers("3, 25–27,5", 241, "bins") == (3, 5, 25, 26, 27)
    assert as_spans((3, 5, 25, 26, 27)) == "3, 5, 25–27"


@pytest.mark.parametrize("text", ["", "x", "240-241", "-3", "1-2-3", "9-7", "0-99999999999999", "9" * 5000])
def test_nonsense_is_refused_in_words(text):
    with pytest.raises(ConfigError, match="are no STFT bins"):
        parse_numbers(text, 241, "STFT bins")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"kind": "guess"}, "no experiment 'guess'"),
        ({"kind": "mask"}, "Nothing is masked"),
        ({"kind": "swap", "mels": (1,)}, "Only the experiment 'mask'"),
        ({"kind": "swap", "normalisation": "none"}, "choose one of recomputed, as-trained"),
    ],
)
def test_an_experiment_that_makes_no_sense_is_refused(wrong, message):
    with pytest.raises(ConfigError, match=message):
        Experiment(**wrong)
