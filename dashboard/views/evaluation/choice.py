"""Which clips a model is judged on: dataset and protocol; measured here where that was not done yet."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.config import OWN, PROTOCOL_NOTES, PROTOCOLS
from core.data import recordings
from core.data.pack import Pack, open_data
from core.errors import DataError, RunError
from core.runs import RunState
from core.studies.evaluation import evaluate, evaluation_path, save_evaluation
from dashboard.shared import cache, jobs, state
from dashboard.shared.device_choice import choose_device
from dashboard.shared.jobs import Progress
from dashboard.shared.widgets import job_panel, page_link
from dashboard.shared.wording import clips, plain


def choose(run: RunState) -> Path | None:
    """The evaluation to show, or None after saying how to make it."""
    saved = cache.evaluations(run.folder)
    pack = _current()
    own, why_not = _own()
    others = [dataset for dataset, protocol in saved if protocol != OWN]
    datasets = list(dict.fromkeys([*([pack.title] if pack else []), *others]))
    if not datasets and own is None and not saved:
        st.info(
            "This model has not been evaluated yet, and no dataset is ready to do it with. Prepare one first.",
            icon=":material/lightbulb:",
        )
        page_link("data", "Go to Data")
        return None
    left, right = st.columns(2)
    dataset = left.selectbox(
        "Dataset", datasets, index=_first(datasets, run, others), key=f"evaluation.dataset.{run.name}",
        persist_state="session", help="The dataset chosen on the Data page, and those this model was evaluated on.",
    )  # fmt: skip
    protocols = [name for name in PROTOCOLS if name == OWN or (dataset, name) in saved or _has(pack, dataset, name)]
    titles = {name: title.capitalize() for name, title in PROTOCOLS.items()}
    titles[OWN] = f"{recordings.TITLE} ({clips(len(own)) if own else 'none yet'})"
    protocol = right.radio(
        "Protocol: which clips", protocols, format_func=titles.__getitem__,
        captions=[PROTOCOL_NOTES[name] for name in protocols], key="evaluation.protocol", persist_state="session",
    )  # fmt: skip
    if protocol == OWN:
        dataset, pack = recordings.TITLE, own
    elif pack is not None and pack.title != dataset:
        pack = None
    path = saved.get((dataset, protocol))
    outdated = _why_outdated(run, dataset, protocol, path, pack) if path else ""
    if path is None or outdated:
        _offer(run, pack, dataset, protocol, outdated, why_not)
    return path


def _first(datasets: list[str], run: RunState, measured: list[str]) -> int:
    """The dataset shown first: one that was measured, best the one it was trained on."""
    for wanted in (run.dataset, *measured[:1]):
        if wanted in measured:
            return datasets.index(wanted)
    return 0


def _why_outdated(run: RunState, dataset: str, protocol: str, path: Path, pack: Pack | None) -> str:
    if cache.is_outdated(run.folder, dataset, protocol):
        return "The model was trained further since this evaluation."
    if protocol == OWN and (pack is None or cache.evaluation(path)[0].data_key != pack.key):
        return "Your recordings changed since this evaluation."
    return ""


def _current() -> Pack | None:
    try:
        return cache.data(state.data_root())
    except DataError:
        return None


def _own() -> tuple[Pack | None, str]:
    """The user's recordings, or why there are none to test on."""
    try:
        return cache.own_recordings(), ""
    except DataError as error:
        return None, str(error)


def _has(pack: Pack | None, dataset: str, protocol: str) -> bool:
    return pack is not None and pack.title == dataset and bool((pack.splits == protocol).any())


def _offer(run: RunState, pack: Pack | None, dataset: str, protocol: str, outdated: str, why_not: str) -> None:
    """A button that measures, with its progress."""
    name = f"evaluate {run.name} {dataset} {protocol}"
    if job_panel(name):
        return
    if outdated:
        st.warning(f"{outdated} Evaluate again.", icon=":material/update:")
    if pack is None and protocol == OWN:
        st.info(plain(why_not), icon=":material/mic:")
        page_link("live", "Go to Live")
        return
    if pack is None:
        st.info(f"To evaluate on {plain(dataset)}, choose that dataset on the Data page.", icon=":material/info:")
        page_link("data", "Go to Data")
        return
    n_clips = int((pack.splits == protocol).sum())
    if not outdated:
        what = PROTOCOLS[protocol] if protocol == OWN else f"{PROTOCOLS[protocol]} of {dataset}"
        st.info(f"{run.name} has not met the {plain(what)} yet.", icon=":material/info:")
    device = choose_device("evaluation.device")
    if st.button(f"Evaluate on {clips(n_clips)}", key="evaluation.start", type="primary"):
        root = state.data_root()
        jobs.start(
            name,
            f"Evaluation of {run.name}",
            lambda progress: measure(run.folder, root, protocol, device, progress),
            unit="clips",
        )
        st.rerun()


def measure(run: Path, root: Path | None, protocol: str, device: str, progress: Progress) -> None:
    """Evaluate a run and keep the result.

    Raises:
        RunError: If the model was replaced meanwhile, or the result cannot be written there.
    """
    data = recordings.own_pack() if protocol == OWN else open_data(root, progress=progress)
    before = cache.model_stamp(run)
    result = evaluate(run, data, protocol, device=device, progress=progress)
    if cache.model_stamp(run) != before:
        raise RunError(f"The model of {run.name} changed while it was evaluated. Evaluate again.")
    path = evaluation_path(run, data.title, protocol)
    try:
        save_evaluation(path, result)
    except OSError as error:
        raise RunError(
            f"The evaluation cannot be kept in {path.parent} ({error.strerror}). Make it writable."
        ) from error
