"""Seeds: plan, start, watch, stop, resume, read, delete."""

import pytest

from core.jobs import grid
from dashboard.views.grid import PLAN
from tests.dashboard.conftest import assert_calm, charts, texts, wait_until


@pytest.fixture
def trained(train_grid):
    return train_grid()


def test_the_form_follows_the_plan_and_counts_the_trainings(open_page, use_tiny_data):
    app = open_page("grid")
    assert_calm(app)
    assert "No grids yet" in texts(app)
    assert app.button("grid.start").label == "Start 48 trainings"
    app.selectbox(PLAN).set_value("shapes").run()
    assert app.multiselect("grid.bases").value == ["mel", "triangle", "bell"]
    assert app.button("grid.start").label == "Start 21 trainings"
    app.number_input("grid.seeds").set_value(1).run()
    assert app.button("grid.start").label == "Start 7 trainings"
    app.multiselect("grid.models").set_value([]).run()
    assert "models is empty" in app.error[0].value
    assert not app.exception


def test_a_grid_is_started_from_the_page_and_stopped(open_page, use_tiny_data):
    app = open_page("grid")
    app.number_input("grid.epochs.linear").set_value(5000).run()
    app.button("grid.start").click().run()
    assert_calm(app)
    (found,) = grid.list_grids()
    assert found.plan.epochs == (("linear", 5000),)
    wait_until(lambda: grid.grid_state(found.folder).current is not None)
    app.run()
    assert "The first results appear here" in texts(app)
    app.button("grid.stop").click().run()
    wait_until(lambda: not grid.grid_state(found.folder).working)
    app.run()
    assert_calm(app)
    assert app.button("grid.resume").label == "Resume"


def test_a_finished_grid_is_drawn_and_its_table_can_be_saved(open_page, use_tiny_data, trained):
    app = open_page("grid")
    assert_calm(app)
    assert charts(app) == 2
    table = app.dataframe[0].value
    assert list(table["Setting"]) == ["A", "B"]
    assert table["Against A (points)"][0] == "–"
    assert list(table["Seeds"]) == [2, 2]
    assert "14.2 points" in texts(app)
    assert any(button.label == "Save as CSV" for button in app.get("download_button"))
    app.segmented_control("grid.protocol").set_value("testing-list").run()
    assert_calm(app)


def test_a_grid_is_deleted_after_a_question(open_page, use_tiny_data, trained):
    app = open_page("grid")
    app.button("grid.delete").click().run()
    assert_calm(app)
    assert grid.list_grids() == []
    assert "No grids yet" in texts(app)


def test_a_damaged_grid_is_described(open_page, use_tiny_data, trained):
    (trained / "grid.json").write_text("{")
    app = open_page("grid")
    assert not app.exception
    assert "cannot be read" in app.error[0].value
