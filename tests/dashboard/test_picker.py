"""Which model the pages show before anyone has chosen one."""

from pathlib import Path

from core.presets import preset_config
from core.runs import RunState
from dashboard.picker import default_model


def run(name, preset="linear", setting="D", accuracy=0.5, dataset="Speech Commands v2", **more):
    return RunState(
        name=name, folder=Path(name), state="done", message="", config=preset_config(preset, setting=setting),
        dataset=dataset, best_accuracy=accuracy, has_checkpoint=True, shipped=name.startswith("shipped-"), **more,
    )  # fmt: skip


SHIPPED = [
    run("shipped-bcresnet-1-A", "bcresnet-1", "A", 0.96),
    run("shipped-bcresnet-1-D", "bcresnet-1", "D", 0.93),
    run("shipped-linear-D", accuracy=0.64),
]


def test_the_users_newest_model_comes_first():
    assert default_model([run("mine", accuracy=0.1), run("older"), *SHIPPED]).name == "mine"


def test_without_one_it_is_the_best_shipped_model_that_learned_filters():
    assert default_model(SHIPPED).name == "shipped-bcresnet-1-D"


def test_a_model_without_learned_filters_is_better_than_none():
    assert default_model(SHIPPED[:1]).name == "shipped-bcresnet-1-A"
    assert default_model([]) is None
