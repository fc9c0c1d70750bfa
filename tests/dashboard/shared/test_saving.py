"""Each page offers its figures as pictures, and their numbers as tables."""

from tests.dashboard.conftest import assert_calm, charts


def offers(app):
    return [button for button in app.get("download_button") if button.key.startswith("saving.")]


def test_every_figure_of_a_page_is_offered(open_page, own_run):
    app = open_page("kernels")
    assert_calm(app)
    assert charts(app) > 1
    assert len(offers(app)) == charts(app)
    assert all(button.label for button in offers(app))


def test_a_page_without_figures_offers_none(open_page):
    app = open_page("filterbank")
    assert charts(app) == 0
    assert offers(app) == []


def test_the_camera_saves_in_the_chosen_format(open_page, own_run):
    app = open_page("filterbank")
    assert '"format": "png"' in app.get("plotly_chart")[0].proto.config
    app.segmented_control("app.picture").set_value("svg").run()
    assert_calm(app)
    assert '"format": "svg"' in app.get("plotly_chart")[0].proto.config


def test_a_page_that_ends_early_offers_what_it_drew(open_page):
    app = open_page("data")
    assert_calm(app)
    assert len(offers(app)) == charts(app)
