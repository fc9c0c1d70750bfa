"""What a model is called on the pages."""

from dataclasses import replace

from core.runs import Label
from dashboard.shared import run_names
from tests.dashboard.shared.test_picker import run

WHAT = "Linear, learned filters and kernels (D)"


def test_a_given_name_comes_before_the_folders_and_a_shipped_model_goes_by_what_it_is():
    mine, shipped = run("mine"), run("shipped-linear-D")
    assert [run_names.label(one) for one in (mine, shipped)] == ["mine", WHAT]
    assert [run_names.in_full(one) for one in (mine, shipped)] == [f"mine: {WHAT}", WHAT]
    for one in (mine, shipped):
        named = replace(one, label=Label(name="Loud kitchen"))
        assert run_names.label(named) == "Loud kitchen"
        assert run_names.in_full(named) == f"Loud kitchen: {WHAT}"


def test_a_run_whose_settings_cannot_be_read_says_so():
    broken = replace(run("mine"), config=None)
    assert run_names.label(broken) == "mine"
    assert run_names.in_full(broken) == "mine: settings unreadable"
