"""A grid of trainings on the page: what to train, how far it is, what it found."""

from __future__ import annotations

import streamlit as st

from core import figures, runs
from core.config import PCENS, PROTOCOLS, SETTING_TITLES, FrontEndConfig, ModelConfig
from core.jobs import grid
from core.jobs.grid import PLANS, GridPlan, GridState
from core.studies.grid_table import BASES, CLAIM, Row, as_csv, summarise
from core.training.presets import PRESETS
from dashboard.shared import dataset_choice, saving, state
from dashboard.shared.device_choice import choose_device
from dashboard.shared.widgets import choose, explained, show_figure
from dashboard.shared.wording import duration, percent, plain
from dashboard.views.training import seeds as seeds_of_a_run
from dashboard.views.training import words
from dashboard.views.training.duration import kind_of, seconds_an_epoch

POLL_S = 2.0
"""Seconds between two looks at a grid that is being trained."""

PLAN, SHOWN = "grid.plan", "grid.shown"
"""Session-state keys: the plan that is being made, and the name of the grid that is looked at."""

N_MELS = (5, 8, 10, 20, 30, 40, 64, 80)


def draw_form() -> None:
    """What to train; then Start.

    Raises:
        ConfigError: If a combination cannot work.
        RunError: If the grid cannot be started.
    """
    name = st.selectbox("Plan", list(PLANS), key=PLAN, persist_state="session", on_change=_take_plan)
    st.caption(PLANS[name][0])
    if "grid.models" not in st.session_state:
        _take_plan()
    left, right = st.columns(2)
    models = left.multiselect("Models", list(PRESETS), key="grid.models", persist_state="session")
    settings = right.multiselect(
        "What is trained",
        SETTING_TITLES,
        key="grid.settings",
        persist_state="session",
        format_func=SETTING_TITLES.__getitem__,
    )
    bases = left.multiselect(
        "Where the filters start, and what of them learns",
        list(BASES),
        key="grid.bases",
        persist_state="session",
        format_func={basis: title for basis, (title, *_) in BASES.items()}.__getitem__,
    )
    n_mels = right.multiselect("Mel filters", N_MELS, key="grid.n_mels", persist_state="session")
    pcens = left.multiselect(
        "What follows the mel filters",
        list(PCENS),
        key="grid.pcens",
        persist_state="session",
        format_func=PCENS.__getitem__,
    )
    seeds_column, *columns = st.columns(1 + max(1, len(models)))
    seeds = seeds_column.number_input(
        "Seeds",
        1,
        100,
        key="grid.seeds",
        persist_state="session",
        help="Trainings of each combination. With fewer than three, an interval says little.",
    )
    epochs = []
    for model, column in zip(models, columns, strict=False):
        label, usual, key = f"Epochs of {model}", PRESETS[model].config.training.epochs, f"grid.epochs.{model}"
        epochs.append((model, int(column.number_input(label, 1, 10_000, usual, key=key, persist_state="session"))))
    chosen = GridPlan(
        models=tuple(models),
        settings=tuple(sorted(settings)),
        bases=tuple(bases),
        pcens=tuple(pcens),
        vocabulary=seeds_of_a_run.vocabulary() or words.of_dataset(),
        n_mels=tuple(sorted(n_mels)),
        seeds=int(seeds),
        epochs=tuple(epochs),
    )
    device = choose_device("grid.device")
    usable = dataset_choice.is_usable()
    if not usable:
        st.warning("Choose a dataset under Data first.", icon=":material/warning:")
    row = st.container(horizontal=True, vertical_alignment="center")
    n = len(chosen.cells())
    if row.button(f"Start {n:,} training{'s' if n > 1 else ''}", key="grid.start", type="primary", disabled=not usable):
        folder = grid.new_grid(chosen, state.data_root(), stem=name, device=device)
        grid.start_grid(folder)
        st.session_state[SHOWN] = folder.name
        st.session_state[seeds_of_a_run.PLANNED] = False
        st.rerun()
    row.caption(f"{_estimate(chosen)} They run as a program of their own, and go on after a stop.")


def _estimate(plan: GridPlan) -> str:
    """How long a grid takes, as far as runs of these kinds were trained here."""
    past, dataset = runs.list_runs(), dataset_choice.chosen_title()
    known: dict[tuple[ModelConfig, FrontEndConfig], float | None] = {}
    total, missing = 0.0, 0
    for cell in plan.cells():
        kind = kind_of(cell.config)
        if kind not in known:
            times = (seconds_an_epoch(cell.config, dataset, run) for run in past)
            known[kind] = next((one for one in times if one is not None), None)
        if (an_epoch := known[kind]) is None:
            missing += 1
        else:
            total += an_epoch * cell.config.training.epochs
    if not total:
        return "How long it takes is known after a first run of each kind."
    rest = f", and {missing} trainings of a kind that was not trained here yet" if missing else ""
    return f"About {duration(total)}{rest}."


def _take_plan() -> None:
    plan = PLANS[st.session_state.get(PLAN, next(iter(PLANS)))][1]
    st.session_state["grid.models"] = list(plan.models)
    st.session_state["grid.settings"] = list(plan.settings)
    st.session_state["grid.bases"] = list(plan.bases)
    st.session_state["grid.n_mels"] = list(plan.n_mels)
    st.session_state["grid.pcens"] = list(plan.pcens)
    st.session_state["grid.seeds"] = plan.seeds


def choose_grid(names: list[str]) -> GridState:
    """The grid that is looked at: the chosen one, else the newest."""
    if st.session_state.get(SHOWN) not in names:
        st.session_state[SHOWN] = names[0]
    return grid.grid_state(grid.folder_of(st.selectbox("Grid", names, key=SHOWN, persist_state="session")))


def draw(found: GridState) -> None:
    """How far a grid is, what can be done with it, and what it found."""
    if found.plan is None:
        st.error(plain(found.message), icon=":material/broken_image:")
        return
    if found.working:
        st.fragment(run_every=POLL_S)(_watched)(found.name)
    else:
        _ended(found)
    _findings(found)


def _watched(name: str) -> None:
    found = grid.grid_state(grid.folder_of(name))
    shown = st.session_state.get("grid.done", {}).get(name)
    if not found.working or (shown is not None and shown != found.done):
        st.rerun()
    _progress(found)
    stopping = runs.stop_requested(found.folder)
    if st.button("Stopping …" if stopping else "Stop", key="grid.stop", icon=":material/stop:", disabled=stopping):
        grid.stop_grid(found.folder)
        st.rerun(scope="fragment")


def _progress(found: GridState) -> None:
    text = f"{found.done:,} of {found.cells:,} trained"
    if found.seconds_left is not None and found.working:
        text += f", about {duration(found.seconds_left)} left"
    if found.current is not None:
        more = f" and {found.going_on - 1} more" if found.going_on > 1 else ""
        text += f" · now {found.current.name}{more}, epoch {min(found.current.epoch + 1, found.current.epochs)}"
        text += f" of {found.current.epochs}"
    st.progress(min(1.0, found.done / found.cells), text=text)


def _ended(found: GridState) -> None:
    _progress(found)
    if found.failed:
        many = "1 training" if found.failed == 1 else f"{found.failed} trainings"
        st.error(f"{many} failed. {plain(found.message)}", icon=":material/error:")
    row = st.container(horizontal=True)
    if not found.finished and row.button("Resume", key="grid.resume", icon=":material/play_arrow:"):
        with explained():
            grid.start_grid(found.folder)
            st.rerun()
    with row.popover("Delete", icon=":material/delete:"):
        st.write(f"Delete {found.name} with its {found.done} trained models? This cannot be undone.")
        if st.button("Yes, delete it", key="grid.delete", type="primary"):
            with explained():
                grid.delete_grid(found.folder)
                st.session_state.pop(SHOWN, None)
                st.rerun()


def _findings(found: GridState) -> None:
    """Figures and table of what is trained so far."""
    st.session_state.setdefault("grid.done", {})[found.name] = found.done
    assert found.plan is not None
    protocols = [one for one in found.plan.vocabulary.protocols if one in ("official", "testing-list")]
    protocol = choose("Test clips", {one: PROTOCOLS[one] for one in protocols}, "grid.protocol")
    rows = _rows(found.name, found.done, protocol)
    if not rows:
        st.info(
            "The first results appear here when a training has ended."
            if found.working
            else f"No training of this grid has ended that was tested on the {PROTOCOLS[protocol]}.",
            icon=":material/hourglass_empty:",
        )
        return
    left, right = st.columns(2)
    with left:
        show_figure(figures.grid_accuracy(rows), f"grid.accuracy.{found.name}")
        st.caption(
            "Each mark is a setting, the mean over its seeds. Where whiskers overlap, the seeds alone may explain the "
            "difference; the figure beside compares seed by seed."
        )
    with right:
        show_figure(figures.grid_gains(rows), f"grid.gains.{found.name}")
        st.caption(f"The same seed with a fixed spectrogram is the comparison. {CLAIM}")
    _table(rows, found)


@st.cache_data(show_spinner="Reading the results …", max_entries=20)
def _rows(name: str, done: int, protocol: str) -> tuple[Row, ...]:
    """``done`` is part of the key: when more is trained, more is read."""
    del done
    found = grid.grid_state(grid.folder_of(name))
    return summarise(grid.grid_scores(found.folder, found.plan, protocol)) if found.plan else ()


def _table(rows: tuple[Row, ...], found: GridState) -> None:
    st.dataframe(
        [
            {
                "Model": row.factors.model,
                "Mel filters": row.factors.n_mels,
                "Basis": BASES[row.factors.basis][0],
                "PCEN": row.factors.pcen,
                "Setting": row.factors.setting,
                "Seeds": row.seeds,
                "Accuracy": f"{percent(row.accuracy)} ({_range(row.interval)})",
                "Against A (points)": _gain(row),
                "Epochs": row.epochs,
                "A training takes": duration(row.seconds),
            }
            for row in rows
        ],
        hide_index=True,
    )
    st.caption(
        f"In brackets 95 % intervals: of the mean over seeds, or with one seed of the {rows[0].n:,} test clips. Every"
        f"  model lies in {found.folder.name} below the folder of the grids, ready for the command line."
    )
    saving.button("Save as CSV", as_csv(rows), f"{found.name}.csv", "grid.csv")


def _range(interval: tuple[float, float]) -> str:
    return f"{100 * interval[0]:.1f}–{100 * interval[1]:.1f}"


def _gain(row: Row) -> str:
    if row.gain is None:
        return "–"
    text = f"{100 * row.gain:+.1f}"
    if row.gain_interval:
        text += " ({:+.1f} to {:+.1f})".format(*(100 * end for end in row.gain_interval))
    return text.replace("-", "\N{MINUS SIGN}")
