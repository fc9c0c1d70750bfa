"""What is measured on request: offered, carried out, kept or refused, and shown with its doubts."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.shared import jobs, measured
from dashboard.shared.jobs import Cancelled
from tests.dashboard.conftest import texts, wait_until


def silent(done, total, what):
    """Progress that nobody watches."""


def test_what_was_measured_is_kept_once():
    saved = []
    measured.kept(lambda _: "found", saved.append)(silent)
    assert saved == ["found"]


def test_what_was_kept_before_a_cancellation_stays():
    saved = []

    def cancelled(progress):
        raise Cancelled

    first, second = (measured.kept(measure, saved.append) for measure in (lambda _: 1, cancelled))
    with pytest.raises(Cancelled):
        measured.in_turn([first, second, first])(silent)
    assert saved == [1]


def page():
    import streamlit as st

    from core.errors import DataError
    from dashboard.shared import measured

    kept = st.session_state["kept"]

    def load():
        if kept and kept[0] == "damaged":
            raise DataError("It cannot be read. Measure again.")
        return kept[0] if kept else None

    def offer(found):
        measured.button(
            f"Measure beside {found}",
            "go",
            "a job",
            "The work",
            lambda: measured.kept(lambda _: "new", kept.append),
        )

    found = measured.shown(
        ["a job"],
        load,
        offer,
        outdated=lambda one: "It is old." if one == "old" else "",
        again=st.session_state["again"],
    )
    st.write(f"found: {found}")


@pytest.mark.parametrize(
    ("kept", "again", "offered", "warned"),
    [
        ([], False, True, []),
        (["good"], False, False, []),
        (["good"], True, True, []),
        (["old"], False, True, ["It is old."]),
        (["damaged"], False, True, ["It cannot be read. Measure again."]),
    ],
)
def test_it_is_offered_where_nothing_that_holds_is_kept(kept, again, offered, warned):
    app = AppTest.from_function(page)
    app.session_state["kept"], app.session_state["again"] = kept, again
    app.run()
    assert not app.exception
    assert [button.key for button in app.button] == ["go"] * offered
    assert [warning.value for warning in app.warning] == warned
    assert f"found: {None if kept in ([], ['damaged']) else kept[0]}" in texts(app)


def test_the_button_measures_keeps_and_shows():
    app = AppTest.from_function(page)
    app.session_state["kept"], app.session_state["again"] = [], False
    app.run()
    app.button("go").click().run()
    wait_until(lambda: not jobs.is_running("a job"))
    app.run()
    assert not app.exception
    assert "found: new" in texts(app)
    assert not app.button
