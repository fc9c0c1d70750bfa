"""The command line with words of one's own: trained, evaluated, and used like any other model."""

import json

import pytest
import soundfile

from core.config import ALL_35, SAMPLE_RATE, Vocabulary
from core.data.words import chosen, trained_words
from core.errors import ConfigError
from core.runs import run_state
from tests.in_process import run_command

pytestmark = pytest.mark.usefixtures("runs_here", "ctrl_c_as_before")

TRAIN = ("train", "--preset", "linear", "--setting", "A", "--epochs", "2", "--device", "cpu")


def test_a_model_of_three_words_goes_through_every_command(tone_root, tone_pack, runs_here, tmp_path):
    code, out, errors = run_command((*TRAIN, "--data", tone_root, "--words", "Yes, no,marvin", "--run", "three"))
    assert code == 0, errors
    assert "three: done after 2 of 2 epochs" in out
    vocabulary = Vocabulary(words=("marvin", "no", "yes"))
    assert run_state(runs_here / "three").config.vocabulary == vocabulary

    code, out, errors = run_command(("evaluate", "three", "--data", tone_root, "--protocol", "testing-list", "--json"))
    assert code == 0, errors
    assert json.loads(out)["labels"] == list(vocabulary.labels)
    code, out, _ = run_command(("evaluate", "three", "--data", tone_root, "--protocol", "testing-list"))
    assert "testing list, 3 words, 33 clips" in out

    file = tmp_path / "word.wav"
    soundfile.write(file, tone_pack.clips[0], SAMPLE_RATE)
    code, out, errors = run_command(("classify", "three", file, "--json"))
    assert code == 0, errors
    assert {label for label, _ in json.loads(out)["ranking"]} == set(vocabulary.labels)
    code, out, errors = run_command(("detect", "three", file, "--threshold", "0", "--json"))
    assert code == 0, errors
    assert {json.loads(line)["word"] for line in out.splitlines()} <= set(vocabulary.words)

    # A trained model learns other words too.
    other = ("train", "--from", "three", "--words", "up,down", "--epochs", "1", "--run", "two")
    code, _, errors = run_command((*other, "--data", tone_root))
    assert code == 0, errors
    code, out, errors = run_command(("classify", "two", file, "--json"))
    assert code == 0, errors
    assert {label for label, _ in json.loads(out)["ranking"]} == {"down", "up", "_silence_", "_unknown_"}


def test_a_word_that_the_dataset_lacks_is_named_before_a_run_is_made(tone_root, runs_here):
    code, _, errors = run_command((*TRAIN, "--data", tone_root, "--words", "yes,alexa"))
    assert code != 0
    assert "no word 'alexa' to train with; it has down, go" in errors
    assert not list(runs_here.iterdir())


def test_all_is_the_35_word_protocol_where_a_dataset_has_these_words():
    found = trained_words(None)
    assert chosen(["all"], found) == ALL_35
    assert chosen(["ALL"], found) == ALL_35
    # Whoever names them all leaves nothing unknown.
    assert not chosen(ALL_35.words, found).unknown


def test_the_usual_words_are_the_usual_vocabulary_in_whatever_order_they_are_named():
    assert chosen(Vocabulary().words[::-1], trained_words(None)) == Vocabulary()
    with pytest.raises(ConfigError, match="twice"):
        chosen(["yes", "no", "YES"], trained_words(None))
