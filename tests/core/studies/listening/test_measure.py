"""The whole stream test, on tones that a small model knows."""

import json
from dataclasses import replace

import pytest

from core.config import ListeningConfig
from core.errors import ConfigError, DataError, WriteError
from core.studies.listening.measure import THRESHOLDS, stream_test
from tests.kept import load_report, report_path, save_report


def test_there_is_a_track_for_each_kind_of_clips_and_each_noise(report):
    assert [(track.protocol, track.snr_db) for track in report.tracks] == [
        ("validation", None),
        ("validation", 10.0),
        ("official", None),
        ("official", 10.0),
    ]
    assert [track.noise for track in report.tracks] == [(), ("running_tap",)] * 2
    assert (report.run, report.dataset, report.seed) == ("tones", "Tones", 5)
    for track in report.tracks:
        assert track.minutes == 2
        assert 10 < track.n_clips <= track.n_words


def test_a_model_that_knows_the_words_finds_them_and_higher_thresholds_find_fewer(report):
    for track in report.tracks:
        assert [each.threshold for each in track.scores] == list(THRESHOLDS)
        middle, highest = track.scores[len(THRESHOLDS) // 2], track.scores[-1]
        assert middle.miss_share < 0.5
        assert highest.miss_share > middle.miss_share
        for each in track.scores:
            assert each.hits + each.misses == each.n_keywords > 10
            assert len(each.latencies_s) == each.hits
            assert 0.01 < each.free_hours < 2 / 60


def test_the_scores_as_set_are_those_of_that_threshold(report):
    for track in report.tracks:
        (same,) = (each for each in track.scores if each.threshold == report.listening.threshold)
        assert track.as_set == same


def test_thresholds_of_single_words_count_as_set_but_not_on_the_curve(tone_classifier, tap_pack):
    words = ("down", "go", "left", "no", "off", "on", "right", "stop", "up", "yes")
    deaf = ListeningConfig(word_thresholds=tuple((word, 1.0) for word in words))
    (track,) = stream_test(
        tone_classifier, tap_pack, deaf, name="tones", protocols=["official"], snrs_db=[None], minutes=1
    ).tracks
    assert track.as_set.hits == 0
    assert track.scores[len(THRESHOLDS) // 2].hits > 0


def test_the_same_seed_gives_the_same_report(report, tone_classifier, tap_pack):
    again = stream_test(
        tone_classifier,
        tap_pack,
        ListeningConfig(),
        name="tones",
        protocols=["official"],
        snrs_db=[10.0],
        minutes=2,
        seed=5,
    )
    assert again.tracks[0] == report.tracks[3]


def test_progress_counts_seconds_of_all_tracks(tone_classifier, tap_pack):
    told = []
    stream_test(
        tone_classifier,
        tap_pack,
        ListeningConfig(),
        name="tones",
        protocols=["validation", "official"],
        snrs_db=[None, None],
        minutes=0.5,
        progress=lambda *values: told.append(values),
    )
    assert {total for _, total, _ in told} == {60}
    assert 55 < told[-1][0] <= 60
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    assert "validation" in told[0][2]
    assert "official test set" in told[-1][2]


@pytest.mark.parametrize("change", [{"snrs_db": []}, {"protocols": []}, {"minutes": float("nan")}, {"minutes": -1.0}])
def test_what_cannot_be_measured_is_refused(tone_classifier, tap_pack, change):
    wanted = {"protocols": ["official"], "snrs_db": [None], "minutes": 1.0, **change}
    with pytest.raises(ConfigError):
        stream_test(tone_classifier, tap_pack, ListeningConfig(), name="tones", **wanted)


@pytest.fixture
def run(runs_here):
    folder = runs_here / "mine"
    folder.mkdir()
    return folder


def test_a_kept_report_comes_back_and_the_next_one_takes_its_place(report, run):
    with pytest.raises(DataError, match="Test again"):
        load_report(run)
    save_report(run, report)
    assert load_report(run) == report
    save_report(run, replace(report, seed=6))
    assert load_report(run).seed == 6


def test_the_report_of_a_shipped_model_is_kept_among_the_users_runs(report, runs_here, tmp_path):
    shipped = tmp_path / "shipped-linear-A"
    shipped.mkdir()
    save_report(shipped, report)
    assert runs_here in report_path(shipped).parents
    assert list(shipped.iterdir()) == []
    assert load_report(shipped) == report


@pytest.mark.parametrize("damage", ["cut", "version", "field", "kind", "deep", "empty", "uneven"])
def test_a_damaged_report_is_refused(report, run, damage):
    save_report(run, report)
    path = report_path(run)
    content = json.loads(path.read_text())
    if damage == "version":
        content["version"] = 9
    elif damage == "field":
        del content["report"]["tracks"][0]["scores"][0]["hits"]
    elif damage == "kind":
        content["report"]["tracks"][0]["minutes"] = "two"
    elif damage == "empty":
        content["report"]["tracks"] = []
    elif damage == "uneven":
        content["report"]["tracks"][0]["scores"].pop()
    text = json.dumps(content)
    path.write_text({"cut": text[:-9], "deep": "[" * 100_000}.get(damage, text))
    with pytest.raises(DataError, match="Test again"):
        load_report(run)


def test_a_report_that_cannot_be_written_is_said(report, run, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.files.writing._temporary", full)
    with pytest.raises(WriteError, match="No space left"):
        save_report(run, report)
