"""What is shown of an evaluation beside the score: mix-ups, calibration, thresholds, speakers, sound, worst clips."""

import json
import shutil
from dataclasses import replace

import pytest

from core import metrics
from core.studies.evaluation import scores
from tests.dashboard.conftest import GOOD, assert_calm, charts, open_fold, texts
from tests.evaluations import evaluation_of, random_evaluation, sure_answers
from tests.kept import evaluation_path, load_evaluation, save_evaluation

VIEWS = {
    "evaluation": ("By word", "Calibration", "Speakers", "Level and noise", "Word length"),
    "mistakes": ("Confusion matrix", "Behind “unknown”", "Worst clips"),
}
CONTROLS = {"evaluation": "scores", "mistakes": "mistakes"}
"""Pages and their views, the first one ahead, and the control that chooses among them."""


@pytest.fixture
def look_at(open_page, own_run):
    """Opens one view of its page."""

    def look(view):
        page = next(page for page, views in VIEWS.items() if view in views)
        app = open_page(page)
        if view != VIEWS[page][0]:
            app.segmented_control(CONTROLS[page]).set_value(view).run()
        assert_calm(app)
        return app

    return look


@pytest.fixture
def kept(own_run, tiny_pack):
    return load_evaluation(evaluation_path(own_run, tiny_pack.title, "official"))


def figure(app, number=0):
    return json.loads(app.get("plotly_chart")[number].proto.spec)


def trace(app, name, number=0):
    return next(one for one in figure(app, number)["data"] if one.get("name") == name)


def cells(app):
    """What stands in the cells of the confusion matrix, also in the pale ones of few clips."""
    return [one["text"] for one in figure(app)["data"] if one["type"] == "heatmap"]


def clips_listed(app):
    return [text for text in texts(app).splitlines() if "heard as **" in text]


@pytest.mark.parametrize("page", VIEWS)
@pytest.mark.usefixtures("own_run")
def test_the_views_are_those_expected(open_page, page):
    assert tuple(open_page(page).segmented_control(CONTROLS[page]).options) == VIEWS[page]


def test_without_the_dataset_everything_is_shown_that_needs_only_the_answers(open_page, own_run, monkeypatch, tmp_path):
    monkeypatch.setenv("KWS_DATA", str(tmp_path / "gone"))
    for page, figures in {"evaluation": (1, 1, 1, 0, 0), "mistakes": (1, 0, 0)}.items():
        app = open_page(page)
        for view, n in zip(VIEWS[page], figures, strict=True):
            app.segmented_control(CONTROLS[page]).set_value(view).run()
            assert_calm(app)
            assert charts(app) == n, view
    # The list stands there without sound, with a way to get it.
    assert clips_listed(app)
    assert not app.get("audio")
    assert "the sound itself is needed" in app.info[-1].value
    assert "Go to Data" in [link.proto.label for link in app.get("page_link")]


@pytest.mark.usefixtures("use_tiny_data")
def test_a_cell_is_opened_heard_and_looked_at_closely(look_at, kept):
    app = look_at("Confusion matrix")
    cell = metrics.common_cells(kept)[0]
    assert app.selectbox("cell").options[0].startswith(f"{cell[0].strip('_')} heard as {cell[1].strip('_')}")
    # It opens with the most common mix-up.
    assert app.selectbox("cell").value == cell[:2]
    assert len(clips_listed(app)) == len(app.get("audio")) == min(5, cell[2])
    assert figure(app)["layout"]["shapes"], "the cell is framed"
    before = charts(app)
    app.toggle(next(one.key for one in app.toggle if "closer" in one.key)).set_value(True).run()
    assert_calm(app)
    assert charts(app) == before + 2
    drawn = [[one.get("name") for one in figure(app, number)["data"]] for number in range(charts(app))]
    assert ["initial", "learned"] in drawn
    assert ["learned", "initial"] in drawn


@pytest.mark.usefixtures("use_tiny_data")
def test_the_matrix_is_read_in_three_ways_and_put_in_order(look_at, kept):
    app = look_at("Confusion matrix")
    seen = [cells(app)]
    for show in ("answered", "counts"):
        app.segmented_control("cells").set_value(show).run()
        assert_calm(app)
        seen.append(cells(app))
    assert seen[0] != seen[1] != seen[2] != seen[0]
    app.segmented_control("order").set_value("confusion").run()
    assert_calm(app)
    order = [kept.labels[at].strip("_") for at in metrics.confusion_order(kept.confusion)]
    assert trace(app, "confusion")["y"] == order


def test_scores_by_word_stand_in_a_table_with_their_intervals(look_at, kept):
    app = look_at("By word")
    assert not app.dataframe
    open_fold(app, "evaluation.words.numbers")
    words, averages = (table.value for table in app.dataframe)
    first = metrics.word_scores(kept)[0]
    low, high = first.recall_interval
    cell = f"{100 * first.recall:.1f} % ({100 * low:.1f}–{100 * high:.1f} %)"
    assert words["Recall (95 % interval)"][0] == cell
    assert words["Clips"].tolist() == kept.confusion.sum(axis=1).tolist()
    result = scores(kept)
    assert averages["Average"].tolist() == ["micro", "macro", "weighted"]
    assert averages["F1"].tolist() == [
        f"{100 * value:.1f} %" for value in (result.micro_f1, result.macro_f1, result.weighted_f1)
    ]


def test_the_calibration_error_is_named_with_what_chance_makes(look_at, kept):
    app = look_at("Calibration")
    for binning in ("width", "clips"):
        app.segmented_control("bins").set_value(binning).run()
        assert_calm(app)
        found = metrics.reliability(kept, binning)
        shown = {metric.label: metric.value for metric in app.metric}
        assert shown["Expected calibration error"] == f"{100 * found.ece:.1f} %"
        assert shown["By chance alone up to"] == f"{100 * found.chance_ece:.1f} %"


@pytest.mark.usefixtures("own_run")
def test_a_threshold_tells_what_it_costs(open_page, kept):
    app = open_page("thresholds")
    app.segmented_control("word").set_value("stop").run()
    app.slider("evaluation.threshold.stop").set_value(95.0).run()
    assert_calm(app)
    costs = metrics.threshold_costs(kept, "stop")
    missed = costs.misses[costs.place(0.95)]
    assert f"Missed: {missed} of {costs.n}" in [metric.label for metric in app.metric]
    assert charts(app) == 1
    open_fold(app, "evaluation.curves")
    app.segmented_control("curve").set_value("roc").run()
    assert_calm(app)
    assert trace(app, "guessing", 1)


@pytest.mark.usefixtures("use_tiny_data")
def test_speakers_are_compared_and_one_is_heard(look_at, tiny_pack):
    app = look_at("Speakers")
    speakers = {name for name in tiny_pack.speakers[tiny_pack.indices("official")].tolist() if name}
    assert set(trace(app, "accuracy")["customdata"]) == speakers
    one = app.selectbox("evaluation.speaker").options[0]
    app.selectbox("evaluation.speaker").select_index(0).run()
    assert_calm(app)
    assert clips_listed(app)
    assert all(f"speaker {one}" in line for line in texts(app).splitlines() if "nohash" in line)


@pytest.mark.usefixtures("use_tiny_data")
def test_level_and_noise_are_measured_where_the_clips_are(look_at):
    app = look_at("Level and noise")
    assert charts(app) == 2
    assert len(trace(app, "words")["y"]) == len(trace(app, "words", 1)["y"]) == 4


@pytest.mark.usefixtures("use_tiny_data")
def test_the_length_of_words_is_measured_where_the_clips_are(look_at):
    app = look_at("Word length")
    assert charts(app) == 1
    assert len(trace(app, "words")["y"]) == 4
    assert "of the shortest quarter" in texts(app)


@pytest.mark.usefixtures("use_tiny_data")
def test_the_worst_clips_come_first_and_a_few_at_a_time(look_at, kept):
    app = look_at("Worst clips")
    worst = metrics.worst_clips(kept)
    listed = clips_listed(app)
    assert len(listed) == len(app.get("audio")) == 5
    assert f"**{kept.clip_words[worst[0]].strip('_')}** heard as" in listed[0]


def test_a_cell_that_another_dataset_has_not_is_forgotten(open_page, own_run, kept):
    app = open_page("evaluation")
    app.session_state["cell"] = ("a word of another dataset", "go")
    open_page("mistakes")
    assert_calm(app)
    assert app.selectbox("cell").value == metrics.common_cells(kept)[0][:2]


@pytest.mark.parametrize("kind", ["a single clip", "clips without names"])
def test_every_view_bears_little_to_show(open_page, own_run, tiny_pack, kind):
    made = evaluation_of([0], sure_answers([0], [1])) if kind == "a single clip" else random_evaluation(60)
    if kind == "clips without names":
        made = replace(made, clip_words=(), clip_files=())
    save_evaluation(
        evaluation_path(own_run, tiny_pack.title, "official"), replace(made, run=GOOD, dataset=tiny_pack.title)
    )
    for page, views in VIEWS.items():
        app = open_page(page)
        for view in views:
            app.segmented_control(CONTROLS[page]).set_value(view).run()
            assert_calm(app)
            assert charts(app) or app.info or clips_listed(app), view
    if kind == "clips without names":
        assert "does not name its clips" in app.info[-1].value
    assert_calm(open_page("thresholds"))
    assert charts(app) or app.info


def test_choices_made_for_other_clips_do_not_stand_in_the_way(open_page, own_run, tiny_pack):
    many = random_evaluation(600)
    save_evaluation(evaluation_path(own_run, "Other clips", "official"), replace(many, run=GOOD, dataset="Other clips"))
    app = open_page("thresholds")
    app.selectbox("dataset").set_value("Other clips").run()
    app.segmented_control("word").set_value("stop").run()
    open_page("evaluation")
    assert app.selectbox("dataset").value == "Other clips"
    app.segmented_control("scores").set_value("Speakers").run()
    app.slider("evaluation.least").set_value(30).run()
    assert_calm(app)
    few = evaluation_of(
        [0, 1], sure_answers([0, 1], [0, 1]), files=["a/0000000a_nohash_0.wav", "a/0000000b_nohash_0.wav"]
    )
    save_evaluation(evaluation_path(own_run, "Other clips", "official"), replace(few, run=GOOD, dataset="Other clips"))
    app.run()
    assert_calm(app)
    assert app.slider("evaluation.least").value == 1
    open_page("thresholds")
    assert_calm(app)
    assert app.segmented_control("word").value == "down"


def test_the_dataset_of_one_model_is_not_asked_of_another_that_was_not_measured_on_it(
    open_page, own_run, finished_run, tiny_pack, use_tiny_data, tmp_path
):
    shutil.copytree(finished_run, tmp_path / "runs" / "second")
    made = replace(random_evaluation(60), run=GOOD, dataset="Other clips")
    save_evaluation(evaluation_path(own_run, "Other clips", "official"), made)
    app = open_page("evaluation")
    app.radio("model").set_value(GOOD).run()
    app.selectbox("dataset").set_value("Other clips").run()
    assert app.header[0].value == "Official test set: 60 clips of Other clips"
    app.radio("model").set_value("second").run()
    assert_calm(app)
    assert app.header[0].value == f"Official test set: 13 clips of {tiny_pack.title}"
