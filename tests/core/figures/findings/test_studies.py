"""What studies found, in a sentence: which change costs most, and whether it is more than chance."""

from dataclasses import replace

import pytest

from core.config import ListeningConfig
from core.figures.findings import studies as findings
from core.figures.style import NBSP
from core.records.ablation import Experiment, Findings, Outcome
from core.records.listening import StreamScores, StreamTrack
from core.records.talk import FalseAlarm, TalkReport, TalkScores
from tests.changed_clips import robustness


def plain(text):
    return text.replace(NBSP, " ")


def outcome(name, won, lost, place=None, n=1000):
    return Outcome(name, place, n, 600 + won - lost, won, lost)


def experiment(kind, *outcomes):
    own = outcome("unchanged", 0, 0)
    options = {"bins": (1,)} if kind == "mask" else {}
    asked = Experiment(kind=kind, **options)
    return Findings(asked, "run", "linear", "D", "W", "official", 1000, 300, 0.09, "stop", own, own, outcomes, 1.0)


def test_what_is_lost_on_the_way_back_is_said_with_its_interval():
    found = experiment("interpolation", outcome("0.0", 10, 200, 0.0), outcome("1.0", 0, 0, 1.0))
    low, high = (-100 * end for end in found.outcomes[0].difference_interval[::-1])
    assert findings.way(found) == (
        f"The initial basis scores 19.0 points less than the learned one ({low:.1f} to {high:.1f}), more than chance."
    )
    even = experiment("interpolation", outcome("0.0", 10, 12, 0.0), outcome("1.0", 0, 0, 1.0))
    assert findings.way(even).endswith("which chance may have made.")
    same = experiment("interpolation", outcome("0.0", 0, 0, 0.0), outcome("1.0", 0, 0, 1.0))
    assert "very same clips" in findings.way(same)


def test_the_change_that_costs_most_is_named_if_any_is_clear():
    found = experiment("swap", outcome("mel filters back", 5, 100), outcome("kernels back", 60, 50))
    assert findings.changes(found).startswith("Mel filters back: 9.5 points less than the learned basis (")
    none = experiment("swap", outcome("mel filters back", 50, 55), outcome("kernels back", 60, 50))
    assert findings.changes(none) == "None of 2 changes makes a clear difference."


def test_the_filter_that_is_worth_most_is_named_and_those_that_are_worth_anything_counted():
    many = [outcome(str(at), 0, 10 * at, float(at)) for at in range(5)]
    said = findings.importance(experiment("occlusion", *many))
    assert said.startswith("Without filter 4 4.0 points are lost (")
    assert said.endswith("more than chance; so it is for 4 of 5 filters.")
    none = [outcome(str(at), 1, 1, float(at)) for at in range(5)]
    assert findings.importance(experiment("occlusion", *none)).startswith("None of 5 filters")


def test_one_model_in_noise_is_told_where_it_is_lowest():
    record = robustness(right=(120, 118, 115, 110, 100, 80, 60))
    said = plain(findings.changed([record]))
    assert said.startswith("At −5 dB 50.0 % (")
    assert said.endswith("stay right, without noise 100 %.")
    steady = robustness(right=(120, 120, 120, 120, 120, 119, 119))
    assert findings.changed([steady]).startswith("No change costs more than chance may make")
    assert findings.changed([]) == findings.NOTHING_MEASURED


def test_several_models_are_told_apart_where_it_is_hardest():
    strong, weak = robustness(run="strong", right=(120,) * 6 + (110,)), robustness(run="weak", right=(120,) * 6 + (40,))
    assert plain(findings.changed([weak, strong])) == (
        "Hardest at −5 dB: strong gets 91.7 % right, weak 33.3 %, more than chance."
    )
    near = robustness(run="near", right=(120,) * 6 + (108,))
    assert "chance may have made" in findings.changed([strong, near])
    assert "all get" in findings.changed([strong, replace(strong, run="twin")])


def test_a_noise_is_called_hardest_only_by_more_than_chance():
    record = robustness(right=(120,) * 6 + (60,))
    assert "no noise is harder" in findings.noises(record)
    split = replace(record, noise=1 * (record.answers[-1] == record.truth))
    assert plain(findings.noises(split)) == ("At −5 dB running tap is hardest (0 % right), babble easiest (100 %).")


def test_the_word_that_loses_most_is_named_with_chance():
    record = robustness(right=(120,) * 6 + (60,))
    assert findings.lost_words(record).endswith("at −5 dB, which chance may have made.")
    steady = robustness(right=(120,) * 7)
    assert "No change costs any word" in findings.lost_words(steady)


def track(*rows):
    scores = tuple(
        StreamScores(threshold, 50, 50 - misses, 0, alarms, 0.25, (0.01, 0.2), (1.5, 99.0), ())
        for threshold, misses, alarms in rows
    )
    return StreamTrack("validation", None, 20.0, (), 80, 70, scores[0], scores)


def test_a_threshold_on_a_stream_is_told_by_misses_and_false_alarms():
    one = track((0.3, 1, 40), (0.7, 5, 2), (0.99, 40, 0))
    assert plain(findings.stream([one], 0.7)) == (
        "At 0.70, without noise: 10.0 % missed (1.0 to 20.0) and 8.0 false alarms an hour."
    )
    assert plain(findings.stream([one], None)) == (
        "Without noise: from 2.0 % missed and 160 false alarms an hour to 80.0 % missed and no false alarm "
        "as the threshold rises."
    )
    assert findings.stream([], 0.7) == findings.NOTHING_MEASURED


def talk(words, hours, per_hour, interval):
    alarms = tuple(FalseAlarm("a.wav", word, 0.9, 1.0, 1.5, 1.7) for word in words)
    scores = TalkScores(0.7, len(words), per_hour, interval)
    return TalkReport("a", "talk", 3, hours, (), ListeningConfig(), scores, alarms, (), "", "", "/talk")


def test_false_alarms_in_talk_are_told_by_the_hour_with_their_interval_and_the_word_that_fires_most():
    report = talk(["no", "go", "go", "on"], 0.81, 4.94, (1.35, 12.64))
    assert plain(findings.talk(report)) == (
        "4.9 false alarms an hour of talk (95 %: 1.4 to 13), 4 in 0.81 hours; most often “go”, 2 of them."
    )
    none = talk([], 0.05, 0.0, (0.0, 59.9))
    assert plain(findings.talk(none)) == (
        "No false alarm in 3.0 minutes of talk: at most 60 an hour with 95 % probability."
    )


@pytest.mark.parametrize("kind", ["shift", "gain", "speed"])
def test_every_kind_of_change_has_a_sentence(kind):
    record = robustness(kind)
    for sentence in (findings.changed([record]), findings.changed([record, record]), findings.lost_words(record)):
        assert sentence.endswith(".")
