"""What the map of gains shows: the map that came with the project or one of the user's own grids, cell by cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from core import figures, runs
from core.config import PROTOCOLS, SETTING_NAMES
from core.data.pack import open_data
from core.errors import ConfigError
from core.jobs import grid
from core.records.robustness import noise_title
from core.studies.gain_map import CLEAN, QUESTIONS, SHIPPED, Gain, GainMap, gains, trainings
from core.studies.grid_table import Factors
from core.training.presets import train_options
from dashboard.shared import cache, measured, places, state
from dashboard.shared.folds import fold
from dashboard.shared.jobs import Progress
from dashboard.shared.widgets import choose, explained, job_panel, show_clickable_figure
from dashboard.shared.wording import percent, plain

SHOWN, CELL = "gain_map.grid", "gain_map.cell"
"""Session-state keys: which map is looked at, and the chosen cell, as the values of its ``Factors``."""

OURS = ""
"""Stands for the map that came with the project."""

JOB = "gain_map.measure"


def draw() -> None:
    """The map, what it was measured on, and the trainings of a cell."""
    names = [OURS, *grid.grid_names()]
    shown = OURS
    if st.session_state.get(SHOWN) not in names:
        st.session_state[SHOWN] = OURS  # a grid may have been deleted
    if len(names) > 1:
        titles = {name: name or "Came with the project" for name in names}
        shown = st.selectbox("Map", names, key=SHOWN, persist_state="session", format_func=titles.__getitem__)
    with explained():
        found = _read(shown)
        if shown:
            _offer_noise(found, shown)
        _draw(found, shown)


def _read(name: str) -> GainMap:
    if not name:
        return cache.gain_map(SHIPPED)
    folder = grid.folder_of(name)
    found = grid.grid_state(folder)
    if found.plan is None:
        raise ConfigError(found.message)
    return _of_grid(name, found.done, grid.n_measured(folder))


@st.cache_data(show_spinner="Reading the results …", max_entries=8)
def _of_grid(name: str, done: int, n_measured: int) -> GainMap:
    """The numbers are part of the key: when more is trained or measured, more is read."""
    del done, n_measured
    plan, _, _ = grid.read_plan(folder := grid.folder_of(name))
    return grid.gain_map(folder, plan, plan.vocabulary.protocols[0])


def _draw(found: GainMap, name: str) -> None:
    compared = gains(found)
    conditions = {one: "Clean" if one == CLEAN else f"In noise, {one}" for one in found.conditions or (CLEAN,)}
    condition = choose("Heard", conditions, "condition", bind="query-params")
    chosen = _chosen(found)
    picture, cell = st.columns([3, 2], gap="medium")
    with picture:
        show_clickable_figure(figures.gain_map(compared, condition, chosen=chosen), "gain_map.figure", _choose)
        st.caption(_measured_on(found))
    with cell:
        if chosen is None:
            st.caption("Click a cell to see the trainings behind it.")
        else:
            _cell(found, name, chosen, compared)
    fold("As numbers", "gain_map.numbers", lambda: _numbers(compared))


def _measured_on(found: GainMap) -> str:
    epochs = ", ".join(f"{model} {n} epochs" for model, n in found.epochs)
    noisy = f"; in noise {found.n_noisy:,} of them ({', '.join(map(noise_title, found.noises))}, none of which "
    noisy = f"{noisy}any training heard)" if found.n_noisy else ""
    return (
        f"{plain(found.dataset)}, {PROTOCOLS[found.protocol]}, {found.n_clean:,} clips{noisy}. {epochs}. Each "
        "difference compares the same seeds; its interval says how seeds differ, not how clips do."
    )


def _choose(values: Any) -> None:
    if values:
        st.session_state[CELL] = list(values)


def _chosen(found: GainMap) -> Factors | None:
    values = st.session_state.get(CELL)
    known = {one.factors for one in found.measured}
    return next((one for one in known if list(vars(one).values()) == values), None)


def _cell(found: GainMap, name: str, chosen: Factors, compared: tuple[Gain, ...]) -> None:
    """Every training of a combination, and the way to its model."""
    st.markdown(f"**{plain(chosen.model)}, {chosen.title}, {SETTING_NAMES[chosen.setting]}**")
    for one in compared:
        if one.factors == chosen:
            low, high = (100 * end for end in one.interval)
            told = f"{100 * one.gain:+.1f} points ({low:+.1f} to {high:+.1f})".replace("-", "\N{MINUS SIGN}")
            st.caption(f"{one.condition}: {told}, {QUESTIONS[one.question]}")
    by_seed = trainings(found, chosen)
    rows = [{"Seed": seed, **{place: percent(share) for place, share in of.items()}} for seed, of in by_seed.items()]
    st.dataframe(rows, hide_index=True, height="content")
    if name:
        seed = st.selectbox("Seed", list(by_seed), key=f"gain_map.seed.{name}")
        if st.button("Look at this model", key="gain_map.open", icon=places.TABS["filterbank"].icon):
            _open(name, chosen, int(seed))
    else:
        st.caption("This makes its first model; other seeds make the others.")
        st.code(
            _command(chosen, next(iter(by_seed)), dict(found.epochs).get(chosen.model)),
            language="bash",
            wrap_lines=True,
        )


def _open(name: str, chosen: Factors, seed: int) -> None:
    """Copy a model of a grid among the user's runs, and look at its filters."""
    folder = grid.folder_of(name)
    plan = grid.grid_state(folder).plan
    cell = next(one for one in plan.cells() if (one.factors, one.seed) == (chosen, seed)) if plan else None
    if cell is not None:
        copy = runs.take_out(folder / cell.name, f"{name[:24]}-{cell.name}"[:80])
        state.use_model(copy.name)
        places.go("filterbank")


def _command(factors: Factors, seed: int, epochs: int | None = None) -> str:
    """The command that trains one model of a combination.

    >>> _command(Factors("linear-in-noise", "mel", 10, "B", "learned"), 0)
    'python -m core train --preset linear-in-noise --setting B --epochs 20 --seed 0 --n-mels 10 --pcen learned'
    """
    return f"python -m core train {' '.join(train_options(grid.config_of(factors, seed, epochs)))}"


def _offer_noise(found: GainMap, name: str) -> None:
    """The measurement in noise, for what of a grid is trained and was not measured."""
    if job_panel(JOB):
        return
    clean = sum(len(one.seeds) for one in found.measured if one.condition == CLEAN)
    noisy = sum(len(one.seeds) for one in found.measured if one.condition != CLEAN)
    n_waiting = clean - noisy // len(grid.SNRS_DB)
    if n_waiting > 0:
        measured.button(
            f"Test {n_waiting} models in noise",
            "gain_map.measure",
            JOB,
            "Testing the models of a grid in noise",
            lambda: _measuring(name),
            icon=":material/noise_aware:",
            kind="secondary",
        )


def _measuring(name: str) -> Callable[[Progress], None]:
    folder = grid.folder_of(name)
    plan, root, device = grid.read_plan(folder)

    def measure(progress: Progress) -> None:
        data = open_data(root, progress=progress)
        grid.measure_in_noise(folder, plan, data, plan.vocabulary.protocols[0], device=device, progress=progress)

    return measure


def _numbers(compared: tuple[Gain, ...]) -> None:
    st.dataframe(
        [
            {
                "What is compared": QUESTIONS[one.question],
                "Model": one.factors.model,
                "Filters": one.factors.title,
                "Learned": SETTING_NAMES[one.factors.setting],
                "Heard": one.condition,
                "Points": round(100 * one.gain, 2),
                "from": round(100 * one.interval[0], 2),
                "to": round(100 * one.interval[1], 2),
                "p, corrected": f"{one.adjusted_p:.2g}",
                "Seeds": one.seeds,
            }
            for one in compared
        ],
        hide_index=True,
    )
