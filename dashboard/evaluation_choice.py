"""Which clips a model is judged on: dataset and protocol; measured here where that was not done yet."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.config import PROTOCOL_NOTES, PROTOCOLS
from core.data.pack import Pack, open_data
from core.errors import DataError, RunError
from core.evaluation import evaluate, evaluation_path, save_evaluation
from core.runs import RunState
from dashboard import cache, jobs, state
from dashboard.jobs import Progress
from dashboard.training_form import choose_device
from dashboard.widgets import job_panel, page_link


def choose(run: RunState) -> Path | None:
    """The evaluation to show, or None after saying how to make it."""
    saved = cache.evaluations(run.folder)
    pack = _current()
    datasets = list(dict.fromkeys([*([pack.title] if pack else []), *(dataset for dataset, _ in saved)]))
    if not datasets:
        st.info(
            "This model has not been evaluated yet, and no dataset is ready to do it with. Prepare one first.",
            icon=":material/lightbulb:",
        )
        page_link("data", "Go to Data")
        return None
    left, right = st.columns(2)
    dataset = left.selectbox(
        "Dataset", datasets, index=_first(datasets, run, saved), key=f"evaluation.dataset.{run.name}",
        persist_state="session", help="The dataset chosen on the Data page, and those this model was evaluated on.",
    )  # fmt: skip
    protocols = [name for name in PROTOCOLS if (dataset, name) in saved or _has(pack, dataset, name)]
    protocol = right.radio(
        "Protocol: which clips", protocols, format_func=_protocol_title,
        captions=[PROTOCOL_NOTES[name] for name in protocols], key="evaluation.protocol", persist_state="session",
    )  # fmt: skip
    if protocol is None:
        st.info("This dataset has no clips to test on.")
        return None
    path = saved.get((dataset, protocol))
    if path is None or cache.is_outdated(run.folder, dataset, protocol):
        _offer(run, pack if pack and pack.title == dataset else None, dataset, protocol, outdated=path is not None)
    return path


def _protocol_title(name: str) -> str:
    return PROTOCOLS[name].capitalize()


def _first(datasets: list[str], run: RunState, saved: dict[tuple[str, str], Path]) -> int:
    """The dataset shown first: one that was measured, best the one it was trained on."""
    for wanted in (run.dataset, next((dataset for dataset, _ in saved), "")):
        if any(dataset == wanted for dataset, _ in saved):
            return datasets.index(wanted)
    return 0


def _current() -> Pack | None:
    try:
        return cache.data(state.data_root())
    except DataError:
        return None


def _has(pack: Pack | None, dataset: str, protocol: str) -> bool:
    return pack is not None and pack.title == dataset and bool((pack.splits == protocol).any())


def _offer(run: RunState, pack: Pack | None, dataset: str, protocol: str, *, outdated: bool) -> None:
    """A button that measures, with its progress."""
    name = f"evaluate {run.name} {dataset} {protocol}"
    if job_panel(name):
        return
    if outdated:
        st.warning("The model was trained further since this evaluation. Evaluate again.", icon=":material/update:")
    if pack is None:
        st.info(f"To evaluate on {dataset}, choose that dataset on the Data page.", icon=":material/info:")
        page_link("data", "Go to Data")
        return
    n_clips = int((pack.splits == protocol).sum())
    if not outdated:
        st.info(f"{run.name} has not met the {PROTOCOLS[protocol]} of {dataset} yet.", icon=":material/info:")
    device = choose_device("evaluation.device")
    if st.button(f"Evaluate on {n_clips:,} clips", key="evaluation.start", type="primary"):
        root = state.data_root()
        jobs.start(
            name,
            f"Evaluation of {run.name}",
            lambda progress: measure(run.folder, root, protocol, device, progress),
            unit="clips",
        )
        st.rerun()


def measure(run: Path, root: Path | None, protocol: str, device: str, progress: Progress) -> None:
    """Evaluate a run and keep the result beside it.

    Raises:
        RunError: If the model was replaced meanwhile, or the result cannot be written there.
    """
    data = open_data(root, progress=progress)
    before = cache.model_stamp(run)
    result = evaluate(run, data, protocol, device=device, progress=progress)
    if cache.model_stamp(run) != before:
        raise RunError(f"The model of {run.name} changed while it was evaluated. Evaluate again.")
    try:
        save_evaluation(evaluation_path(run, data.title, protocol), result)
    except OSError as error:
        raise RunError(f"The evaluation cannot be kept in {run} ({error.strerror}). Make it writable.") from error
