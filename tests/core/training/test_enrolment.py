"""Words told apart by a head on embeddings: against scikit-learn, and never by what was learned."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from core.config import Vocabulary
from core.records.enrolment import EnrolledWord, Enrolment
from core.training import enrolment
from core.training.enrolment import Heard, Talk, Unheard

RANDOM = np.random.default_rng(0)


def made(n_each, n_words=3, spread=0.6, seed=0, size=12):
    """Recordings that scatter around a point for each word, talk that scatters around another one."""
    random = np.random.default_rng(seed)
    points = 3 * random.normal(size=(n_words + 1, size))
    counts = [n_each] * n_words if isinstance(n_each, int) else n_each
    labels = np.repeat(np.arange(n_words), counts)
    recordings = points[labels] + spread * random.normal(size=(len(labels), size))
    copies = recordings[:, None] + 0.1 * random.normal(size=(len(labels), 4, size))
    talk = points[-1] + random.normal(size=(200, size))
    recording = np.repeat(np.arange(20), 10)
    words = points[-1] + random.normal(size=(30, size))
    said = np.array(["house"] * 15 + ["one"] * 15)
    vocabulary = Vocabulary(words=("one", "two", "three", "four")[:n_words], silence=False)
    return Heard(
        vocabulary,
        *(some.astype(np.float32) for some in (recordings, copies)),
        labels,
        np.zeros((0, size), np.float32),
        Talk("talk", talk.astype(np.float32), recording, 0.3, words.astype(np.float32), said),
    )


@pytest.mark.parametrize("n_words", [1, 2, 3])
def test_the_head_answers_as_scikit_learn_does(n_words, monkeypatch):
    """Of two classes scikit-learn keeps one row of weights, and a softmax of two must give the same."""
    heard, asked = made(6, n_words), {}
    fit = LogisticRegression.fit

    def spied(self, numbers, answers, sample_weight=None):
        asked.update(regression=self, numbers=numbers)
        return fit(self, numbers, answers, sample_weight)

    monkeypatch.setattr(LogisticRegression, "fit", spied)
    head = enrolment.fit(heard)
    expected = asked["regression"].predict_proba(asked["numbers"][:30])
    first = np.concatenate([heard.recordings[:, None], heard.copies], axis=1).reshape(-1, 12)[:30]
    assert head.probabilities(first)[:, asked["regression"].classes_] == pytest.approx(expected, abs=1e-5)


def test_words_are_told_apart_and_talk_is_none_of_them():
    heard = made(8)
    probabilities = enrolment.fit(heard).probabilities(heard.recordings)
    assert (probabilities.argmax(axis=1) == heard.labels).mean() == 1
    unknown = enrolment.fit(heard).probabilities(heard.talk.embeddings).argmax(axis=1)
    assert (unknown == 3).mean() > 0.98


def test_a_single_word_of_the_same_name_is_no_counterexample():
    """Of the words that came with the model "one" is left out, since it is to be learned."""
    heard = made(6)
    without = heard.talk._replace(words=heard.talk.words[:15], said=heard.talk.said[:15])
    other = Heard(heard.vocabulary, heard.recordings, heard.copies, heard.labels, heard.others, without)
    assert enrolment.fit(heard).weight == pytest.approx(enrolment.fit(other).weight)


def test_answers_come_from_heads_that_never_heard_the_recording():
    """Labels dealt out at random can be learned by heart, but not guessed for what was not heard."""
    heard = made(20, spread=1.0)
    dealt = np.random.default_rng(1).permutation(heard.labels)
    confused = Heard(heard.vocabulary, heard.recordings, heard.copies, dealt, heard.others, heard.talk)
    learned = enrolment.fit(confused).probabilities(confused.recordings)[:, :3].argmax(axis=1)
    unheard = enrolment.answers_unheard(confused).recordings[:, :3].argmax(axis=1)
    assert (unheard == dealt).mean() < 0.5 < 0.02 + (learned == dealt).mean()


def test_every_recording_of_a_word_with_several_is_left_out_once():
    heard = made([5, 1, 12])
    folds = heard.folds()
    assert heard.n_folds == 10
    assert sorted(folds[:5]) == [0, 1, 2, 3, 4]
    assert folds[5] == -1, "without its one recording nothing would be known of the word"
    assert np.isnan(enrolment.answers_unheard(heard).recordings[5]).all()
    scored = list(enrolment.score_words(enrolment.answers_unheard(heard), heard, 0.5))
    assert [one.n for one in scored] == [5, 0, 12]


def unheard(*peaks):
    return Unheard(np.zeros((0, 4)), np.array(peaks))


def test_false_alarms_are_stretches_above_the_threshold_within_a_recording():
    heard = made(3)
    talk = heard.talk._replace(recording=np.array([0, 0, 0, 0, 1, 1]))
    heard = Heard(heard.vocabulary, heard.recordings, heard.copies, heard.labels, heard.others, talk)
    said = unheard(0.9, 0.9, 0.2, 0.9, 0.9, 0.1)
    assert enrolment.false_alarms(said, heard, 0.5) == 3
    assert enrolment.false_alarms(said, heard, 0.95) == 0


def test_the_threshold_is_the_lowest_that_talk_does_not_pass():
    heard = made(3)
    talk = heard.talk._replace(recording=np.zeros(3, np.int64))
    heard = Heard(heard.vocabulary, heard.recordings, heard.copies, heard.labels, heard.others, talk)
    assert enrolment.choose_threshold(unheard(0.1, 0.62, 0.2), heard) == 0.7
    assert enrolment.choose_threshold(unheard(0.1, 0.62, 0.2), heard, allowed=1) == 0.3
    assert enrolment.choose_threshold(unheard(0.1, 0.999, 0.2), heard) == 0.99, "the highest there is"


def test_words_that_are_mixed_up_are_called_too_alike():
    words = (
        EnrolledWord("one", 10, 8, 7, (("won", 2),)),
        EnrolledWord("won", 10, 9, 9, (("_unknown_", 1),)),
        EnrolledWord("two", 10, 10, 10),
    )
    record = Enrolment("run", words, 0.7, 0, 0.5, "talk")
    assert record.alike == (("one", "won", 2),)
    assert (record.n, record.right, record.accepted) == (30, 27, 26)
    assert "26 are recognised" in record.verdict
    assert "30 minutes of talk it fired 0 times (0 to 6 an hour)" in record.verdict
