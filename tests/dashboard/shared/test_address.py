"""What a page's address brings, and what is said where it asks for something that is not here."""

from streamlit.testing.v1 import AppTest

from dashboard.shared import places
from tests.dashboard.conftest import APP, GOOD, assert_calm, texts


def opened(**query):
    app = AppTest.from_file(str(APP), default_timeout=150)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def chosen(app):
    return app.session_state["data.kind"], app.session_state["data.root"]


def test_a_link_brings_the_dataset_to_another_visitor(open_page, tiny_root, tiny_pack):
    app = open_page("data")
    app.radio("data.kind").set_value("folder").run()
    app.text_input("data.root").set_value(str(tiny_root)).run()
    name = next(iter(app.main.get("page_link"))).proto.query_string.split("data=")[1].split("&")[0]
    assert str(tiny_root) not in name
    other = opened(data=name)
    assert_calm(other)
    assert chosen(other) == ("folder", str(tiny_root))
    other.switch_page("screens/grid.py").run()
    assert f"**Dataset:** {tiny_pack.title}" in texts(other)


def test_an_address_reads_no_folder_that_nobody_chose_here(tmp_path):
    for named in ("folder-0123456789", str(tmp_path), "../..", "\n" * 50):
        app = opened(data=named)
        assert not app.exception
        assert chosen(app)[0] == "demo"
        assert "names a dataset that was not chosen here" in app.warning[0].value


def test_a_choice_made_on_the_page_outlives_the_address_it_was_opened_with(open_page, tiny_root):
    app = opened(data="demo")
    app.switch_page("screens/data.py").run()
    app.radio("data.kind").set_value("folder").run()
    app.text_input("data.root").set_value(str(tiny_root)).run()
    app.run()
    assert chosen(app) == ("folder", str(tiny_root))


def test_a_run_that_is_not_here_is_named_and_another_one_is_open(own_run):
    app = opened(run="gone").switch_page("screens/training.py").run()
    assert_calm(app)
    assert "asks for the run `gone`, which is not here" in app.warning[0].value
    assert "Trained for" in [metric.label for metric in app.metric]


def test_an_address_can_say_that_no_run_is_open(own_run):
    app = opened(run="").switch_page("screens/training.py").run()
    assert_calm(app)
    assert "Trained for" not in [metric.label for metric in app.metric]
    app.button(f"training.open.{GOOD}").click().run()
    assert "Trained for" in [metric.label for metric in app.metric]


def test_every_page_belongs_to_one_place():
    named = [name for names in places.PLACES.values() for name in names]
    assert sorted(named) == sorted(places.TABS)
    assert [places.place_of(name) for name in ("live", "kernels")] == ["Try", "See"]
