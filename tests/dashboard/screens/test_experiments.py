"""The page “Does it matter?”: from nothing measured to findings that are kept, and what cannot be asked."""

import shutil

import pytest

from core import runs
from core.models import build_model
from core.records.ablation import Experiment, Findings, Outcome
from core.runs import keep
from core.studies.ablation.kept import STUDY
from core.training.checkpoint import checkpoint_of, save_checkpoint
from core.training.presets import preset_config
from dashboard.shared import jobs
from dashboard.views.experiments import in_words, silenced
from tests.dashboard.conftest import GOOD, assert_calm, charts, chip, texts, unfold, wait_until

pytestmark = pytest.mark.usefixtures("use_tiny_data")


SHIPPED = runs.PROJECT / "checkpoints"

FOLDS = [f"matters.{name}" for name in ("numbers", "interpolation", "gain-shape", "mask", "occlusion")]


def unfolded(open_page):
    """The page with all its parts opened."""
    return unfold(open_page("experiments"), *FOLDS)


def measure(app, kind):
    app.button(f"experiments.start.{kind}").click().run()
    wait_until(lambda: not any(job.running for job in jobs._jobs().values()))
    return app.run()


def starts(app):
    return [button.key.rsplit(".", 1)[1] for button in app.button if str(button.key).startswith("experiments.start")]


def test_nothing_is_measured_unasked_and_every_experiment_is_offered(open_page, own_run):
    app = open_page("experiments")
    assert_calm(app)
    assert starts(app) == ["swap"], "the rest is folded away"
    unfold(app, *FOLDS)
    assert_calm(app)
    assert starts(app) == ["swap", "interpolation", "gain-shape", "occlusion"]
    assert "Measure on 13 clips" in [button.label for button in app.button]
    assert charts(app) == 2, "the filters on the way, and those to select from"
    assert "never on test clips" in texts(app)
    assert not list(own_run.glob("experiment-*"))


def test_what_is_measured_is_shown_in_words_and_kept(open_page, own_run):
    app = measure(unfolded(open_page), "swap")
    assert_calm(app)
    assert charts(app) == 3
    text = texts(app)
    assert "**Mel filters back to initial:**" in text
    assert "Official test set, 13 clips of Speech Commands" in text
    assert "Always answering" in text
    assert [path.name.split("-")[1] for path in own_run.glob("experiment-*")] == ["swap"]
    assert {"CSV", "JSON"} <= {button.label for button in app.get("download_button")}
    table = app.dataframe[0].value
    assert table["Basis"].tolist()[:3] == ["as trained, untouched", "learned basis", "mel filters back to initial"]
    # Another normalisation is another question.
    app.radio("experiments.normalisation").set_value("as-trained").run()
    assert_calm(app)
    assert "swap" in starts(app)


def test_what_an_earlier_version_kept_is_told_until_it_is_measured_anew(open_page, own_run):
    (own_run / "experiments").mkdir()
    app = open_page("experiments")
    assert_calm(app)
    assert "kept by an earlier version, whose numbers mean something else" in app.warning[0].value
    assert not measure(app, "swap").warning


def test_the_whole_way_and_each_filter_can_be_measured(open_page, own_run):
    app = unfolded(open_page)
    for kind in ("interpolation", "gain-shape", "occlusion"):
        measure(app, kind)
        assert_calm(app)
    assert charts(app) == 5
    assert "The whole basis back to initial" in texts(app)
    assert "corrected for 40 comparisons" in texts(app)
    app.slider("step").set_value(0.2).run()
    assert_calm(app)


def test_a_band_is_silenced_by_preset_by_writing_and_by_selecting(open_page, own_run):
    app = unfolded(open_page)
    app.button("experiments.preset.The paper's bins 25–49").click().run()
    assert app.text_input(silenced.BINS).value == "25-49"
    assert "mask" in starts(app)
    measure(app, "mask")
    assert_calm(app)
    assert "**STFT bins 25–49 silenced:**" in texts(app)
    app.text_input(silenced.MELS).set_value("3,99").run()
    assert not app.exception
    assert "from 0 to 39" in app.warning[0].value
    app.button("experiments.preset.Silence nothing").click().run()
    assert_calm(app)
    assert "mask" not in starts(app)


def test_a_selection_on_the_plot_is_written_as_spans(monkeypatch):
    session = {silenced.MELS: "7"}
    monkeypatch.setattr("dashboard.views.experiments.silenced.st.session_state", session)
    silenced.take_selection([["bin", 27], ["bin", 25], ["bin", 26], ["bin", 40], None])
    assert session == {silenced.BINS: "25-27, 40", silenced.MELS: "7"}
    silenced.take_selection([["mel", 2], ["mel", 3]])
    assert session == {silenced.BINS: "25-27, 40", silenced.MELS: "2-3"}


def test_a_model_that_trained_nothing_keeps_two_experiments_and_a_reason(open_page, own_run):
    config = preset_config("linear", setting="A", epochs=2)
    checkpoint = checkpoint_of(build_model(config), config, epoch=2, validation_accuracy=0.5, dataset="Tones")
    save_checkpoint(own_run / "best.pt", checkpoint)
    app = unfolded(open_page)
    assert_calm(app)
    assert "there is nothing learned to see" in app.info[0].value
    assert starts(app) == ["occlusion"]
    assert charts(app) == 1


def test_a_model_that_cannot_be_measured_says_why(open_page, own_run, monkeypatch):
    app = open_page("experiments")
    app.button("experiments.start.swap")
    monkeypatch.setattr("core.studies.ablation.measure.run_experiment", lambda *_, **__: 1 / 0)
    measure(app, "swap")
    assert not app.exception
    assert "ZeroDivisionError" in app.error[0].value


def test_what_is_measured_on_a_model_that_came_with_the_project_is_kept_elsewhere(open_page, finished_run, tmp_path):
    folder = tmp_path / "runs" / "shipped-linear-D"
    shutil.copytree(finished_run, folder)
    measure(open_page("experiments"), "swap")
    assert not list(folder.glob("experiment-*"))
    assert len(list((tmp_path / "runs" / "results").rglob("experiment-swap-*.json"))) == 1


def test_without_clips_the_page_says_what_to_do(open_page, own_run, monkeypatch, tmp_path):
    monkeypatch.setenv("KWS_DATA", str(tmp_path / "gone"))
    app = open_page("experiments")
    assert_calm(app)
    assert "No dataset is ready" in app.info[0].value
    assert not starts(app)


@pytest.fixture
def shipped(tmp_path):
    """The linear model that came with the project, and what was measured on it."""
    return shutil.copytree(SHIPPED / "shipped-linear-D", tmp_path / "runs" / "shipped-linear-D")


def test_what_came_with_a_model_is_shown_at_once_and_says_on_what_it_was_measured(
    open_page, shipped, monkeypatch, tmp_path
):
    monkeypatch.setenv("KWS_DATA", str(tmp_path / "gone"))
    app = unfolded(open_page)
    assert_calm(app)
    assert "No dataset is ready" in app.info[0].value
    assert not starts(app)
    assert charts(app) >= 4, "parts put back, the way and the filters on it, gain and shape"
    text = texts(app)
    assert "**Mel filters back to initial:** 40.8 % right, 14.5 points less (12.5 to 16.5)" in text
    assert "Official test set, 2,427 clips of Speech Commands v2 subset (12,179 clips), real recordings." in text


def test_what_came_with_a_model_gives_way_to_what_is_measured_on_clips_of_the_users_own(open_page, shipped):
    app = open_page("experiments")
    assert_calm(app)
    assert "2,427 clips" in texts(app)
    labels = [button.label for button in app.button]
    assert "Measure on 13 clips of Speech Commands v2 subset (72 clips)" in labels
    measure(app, "swap")
    assert_calm(app)
    assert "Official test set, 13 clips of" in texts(app)
    assert "2,427 clips" not in texts(app)


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("shipped-*/experiment-*.json")), ids=lambda path: path.parent.name)
def test_what_came_with_a_model_is_about_that_model(path):
    found = keep.load(STUDY, path)
    assert not keep.why_outdated(found, path.parent)
    assert found.run == path.parent.name
    assert found.n == found.n_all


@pytest.mark.parametrize(
    ("won", "lost", "clear", "words"),
    [
        (50, 150, True, "10.0 points less (7.3 to 12.7)"),
        (90, 10, True, "8.0 points more"),
        (50, 52, False, "no clear difference"),
    ],
)
def test_a_change_is_told_in_words(won, lost, clear, words):
    assert words in in_words.sentence(Outcome("x", None, 1000, 500, won, lost), clear=clear)


def test_the_sample_of_a_large_network_is_called_one_and_all_clips_are_offered(open_page, own_run, monkeypatch):
    for place in ("core.studies.ablation.measure.n_quick", "dashboard.views.experiments.answers.n_quick"):
        monkeypatch.setattr(place, lambda *_: 10)
    app = open_page("experiments")
    assert "Measure on 10 of 13 clips" in [button.label for button in app.button]
    measure(app, "swap")
    assert_calm(app)
    assert "a sample of 10 of 13 clips" in texts(app)
    app.button("experiments.all.swap").click().run()
    wait_until(lambda: not any(job.running for job in jobs._jobs().values()))
    app.run()
    assert_calm(app)
    assert "a sample" not in texts(app)
    assert GOOD in chip(app)


@pytest.mark.parametrize(
    ("lost", "words"), [(200, "Most depends on the mel filters 0 (−20.0 points)"), (1, "No single filter")]
)
def test_filters_are_only_named_where_their_loss_is_clear(lost, words, monkeypatch):
    said = []
    monkeypatch.setattr("dashboard.views.experiments.in_words.st.markdown", said.append)
    monkeypatch.setattr("dashboard.views.experiments.in_words.st.caption", said.append)
    own = Outcome("unchanged", None, 1000, 600, 0, 0)
    outcomes = (
        Outcome("without filter 0", 0.0, 1000, 600 - lost, 0, lost),
        Outcome("without filter 1", 1.0, 1000, 600, 5, 5),
    )
    findings = Findings(
        Experiment(kind="occlusion"),
        "run",
        "linear",
        "D",
        "Words",
        "official",
        1000,
        0,
        0.1,
        "stop",
        own,
        own,
        outcomes,
        1.0,
    )
    in_words.importance_verdict(findings)
    assert words in said[0]
