"""Which model the pages show before anyone has chosen one, and how a choice is kept."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import runs
from core.config import to_dict
from core.data.demo import demo_words
from core.runs import RunState
from core.training.presets import EARS, preset_config
from dashboard.shared.picker import default_model
from tests.dashboard.conftest import APP, GOOD, TITLES, assert_calm, texts, tone, wav


def run(name, preset="linear", setting="D", accuracy=0.5, dataset="Speech Commands v2", **more):
    return RunState(
        name=name,
        folder=Path(name),
        state="done",
        message="",
        config=preset_config(preset, setting=setting),
        dataset=dataset,
        best_accuracy=accuracy,
        has_checkpoint=True,
        shipped=name.startswith("shipped-"),
        **more,
    )


SHIPPED = [
    run("shipped-bcresnet-1-A", "bcresnet-1", "A", 0.96),
    run("shipped-bcresnet-1-D", "bcresnet-1", "D", 0.93),
    run("shipped-linear-D", accuracy=0.64),
]


def test_no_training_of_ones_own_changes_which_model_listens():
    own = [run("mine", accuracy=0.1), run("better", "bcresnet-1", accuracy=0.99)]
    assert default_model([*own, *SHIPPED]) == default_model(SHIPPED)


def test_among_ones_own_real_voices_come_first_then_a_network_then_accuracy():
    demo = run("demo", "bcresnet-1", accuracy=0.99, dataset=demo_words().title)
    linear, weak, strong = run("linear", accuracy=0.9), run("weak", "bcresnet-1"), run("strong", "bcresnet-3", "D", 0.8)
    assert default_model([demo, linear]) == linear
    assert default_model([demo, linear, weak]) == weak
    assert default_model([weak, strong]) == default_model([strong, weak]) == strong


def test_without_one_it_is_the_best_shipped_model_that_learned_filters():
    assert default_model(SHIPPED).name == "shipped-bcresnet-1-D"


def test_one_that_was_trained_for_a_room_comes_before_one_that_was_not():
    deaf = SHIPPED[0].config
    hearing = replace(SHIPPED[0], name="shipped-ears", config=replace(deaf, augment=EARS), best_accuracy=0.9)
    assert default_model([*SHIPPED, hearing]) == hearing


def test_a_model_without_learned_filters_is_better_than_none():
    assert default_model(SHIPPED[:1]).name == "shipped-bcresnet-1-A"
    assert default_model([]) is None


def add_run(finished_run, tmp_path, name, dataset=""):
    """Another run of the user's, newest of all, perhaps trained on another dataset."""
    folder = shutil.copytree(finished_run, tmp_path / "runs" / name)
    status = runs.read_status(folder)
    runs.write_status(folder, **{**status, "dataset": dataset or status["dataset"]})
    return folder


@pytest.fixture
def shipped_and_own(finished_run, tmp_path):
    add_run(finished_run, tmp_path, "shipped-linear-D")
    add_run(finished_run, tmp_path, GOOD)


@pytest.mark.usefixtures("shipped_and_own")
@pytest.mark.parametrize("page", ["live", "filterbank", "training"])
def test_the_address_brings_its_model(page):
    app = AppTest.from_file(str(APP), default_timeout=150)
    app.query_params["model"] = GOOD
    app.run()
    app.switch_page(f"screens/{page}.py").run()
    assert_calm(app)
    assert app.radio("model").value == GOOD


@pytest.mark.usefixtures("shipped_and_own")
def test_an_address_with_a_model_that_is_not_there_shows_the_default_and_says_so():
    app = AppTest.from_file(str(APP), default_timeout=150)
    app.query_params["model"] = "gone\n\n![a](http://elsewhere/a.png)`"
    app.run()
    assert_calm(app)
    assert app.radio("model").value == "shipped-linear-D"
    assert "`gone ![a](http://elsewhere/a.png)'`, which is not here" in app.warning[0].value


@pytest.mark.usefixtures("shipped_and_own")
def test_a_finished_training_does_not_change_what_is_looked_at(open_page, finished_run, tmp_path):
    app = open_page("live")
    add_run(finished_run, tmp_path, "newest")
    for page in ("training", "live"):
        open_page(page)
        assert app.radio("model").value == "shipped-linear-D"


@pytest.mark.usefixtures("shipped_and_own")
def test_a_run_is_looked_at_and_listens_when_that_is_asked_for(open_page):
    app = open_page("training")
    app.button("training.use.live").click().run()
    assert_calm(app)
    assert app.title[0].value == TITLES["live"]
    assert app.radio("model").value == GOOD


def test_a_model_of_synthetic_voices_says_so_where_it_listens_and_offers_another(open_page, finished_run, tmp_path):
    add_run(finished_run, tmp_path, "shipped-linear-D")
    add_run(finished_run, tmp_path, GOOD, demo_words().title)
    app = open_page("live")
    assert not [one for one in app.warning if "synthetic" in one.value]
    app.radio("model").set_value(GOOD).run()
    for way in ("listen", "record", "upload"):
        app.segmented_control("live.source").set_value(way).run()
        (warning,) = [one for one in app.warning if "synthetic" in one.value]
        assert warning.value.startswith(f"{GOOD} was trained on synthetic voices alone")
    app.file_uploader("live.file").upload("word.wav", wav(tone(440)), "audio/wav").run()
    assert "synthetic" in texts(app)
    app.button(f"caution.{GOOD}").click().run()
    assert_calm(app)
    assert app.radio("model").value == "shipped-linear-D"


def test_a_second_model_of_synthetic_voices_says_so_too(open_page, finished_run, tmp_path):
    add_run(finished_run, tmp_path, "shipped-linear-D")
    add_run(finished_run, tmp_path, GOOD, demo_words().title)
    app = open_page("live")
    app.selectbox("live.compare").set_value(GOOD).run()
    assert [one.value for one in app.warning if one.value.startswith(f"{GOOD} was trained on synthetic")]


def test_the_button_below_the_overviews_picture_leads_to_the_pictured_model(open_page, finished_run, tmp_path):
    plain = add_run(finished_run, tmp_path, "shipped-bcresnet-1-A")
    (plain / runs.CONFIG).write_text(json.dumps(to_dict(preset_config("bcresnet-1", setting="A", epochs=2))))
    add_run(finished_run, tmp_path, "shipped-linear-D")
    app = open_page("live")
    assert app.radio("model").value == "shipped-bcresnet-1-A"
    assert "shipped-linear-D" in next(one.value for one in app.main.get("caption") if "trained on" in one.value)
    app.button("overview.closer").click().run()
    assert_calm(app)
    assert app.title[0].value == TITLES["filterbank"]
    assert app.radio("model").value == "shipped-linear-D"
