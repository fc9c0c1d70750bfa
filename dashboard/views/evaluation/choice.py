"""Which clips a model is judged on: dataset and protocol; measured here where that was not done yet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import streamlit as st

from core.config import OWN
from core.data import recordings
from core.data.pack import Pack, open_data
from core.records.evaluation import Evaluation
from core.runs import RunState, keep
from core.studies.evaluation import STUDY, evaluate
from dashboard.shared import cache, clip_choice, measured, places, run_names, state
from dashboard.shared.clip_choice import AtHand
from dashboard.shared.device_choice import choose_device
from dashboard.shared.jobs import Progress
from dashboard.shared.measured import Work
from dashboard.shared.wording import clips, plain


def choose(run: RunState) -> Path | None:
    """The evaluation to show, or None after saying how to make it."""
    saved = cache.evaluations(run.folder)
    hand = clip_choice.at_hand(run)
    others = [dataset for dataset, protocol in saved if protocol != OWN]
    datasets = list(dict.fromkeys([*([hand.dataset.title] if hand.dataset else []), *others]))
    if not datasets and hand.own is None and not saved:
        clip_choice.need_dataset(
            "This model has not been evaluated yet, and no dataset is ready to do it with. Prepare one first."
        )
        return None
    # The dataset shown first is one that was measured, best the one the model was trained on.
    first = next((one for one in (run.dataset, *others) if one in others), None)
    ordered = sorted(datasets, key=lambda title: title != first)
    with st.container(horizontal=True, vertical_alignment="center"):
        head, button = st.container(), st.container(width="content")

    def protocols(dataset: str) -> list[str]:
        ready = hand.protocols if hand.dataset is not None and hand.dataset.title == dataset else ()
        possible = hand.vocabulary.protocols
        return [name for name in possible if name == OWN or (dataset, name) in saved or name in ready]

    with button.popover("Clips", icon=":material/library_music:"):
        dataset, protocol = clip_choice.choose_clips(ordered, protocols, hand)
    if hand.dataset is not None and hand.dataset.title != dataset:
        hand = replace(hand, dataset=None)
    if protocol == OWN:
        dataset = recordings.TITLE

    def outdated(path: Path) -> str:
        why = why_outdated(run.folder, path, hand.of(protocol))
        return f"{why} Evaluate again." if why else ""

    path = measured.shown(
        [_job(run, dataset, protocol)],
        lambda: saved.get((dataset, protocol)),
        lambda found: _offer(run, hand, dataset, protocol, is_new=found is None),
        outdated=outdated,
    )
    if path is not None:
        head.header(heading(cache.evaluation(path)[0]), anchor=False)
    return path


def heading(evaluation: Evaluation) -> str:
    """Protocol, number of clips and dataset in one line."""
    if evaluation.protocol == OWN:
        return f"{plain(evaluation.dataset)}: {clips(evaluation.n)}"
    return f"{evaluation.clips_title.capitalize()}: {clips(evaluation.n)} of {plain(evaluation.dataset)}"


def why_outdated(run: Path, path: Path, pack: Pack | None) -> str:
    """Why a kept evaluation of a run no longer holds; ``pack`` has the clips if they are at hand.

    What was measured on recordings of one's own does not hold without them.
    """
    one = cache.evaluation(path)[0]
    gone = "gone" if one.protocol == OWN else ""
    return keep.why_outdated(one, run, pack.content if pack and pack.title == one.dataset else gone)


def _job(run: RunState, dataset: str, protocol: str) -> str:
    return f"evaluate {run.name} {dataset} {protocol}"


def _offer(run: RunState, hand: AtHand, dataset: str, protocol: str, *, is_new: bool) -> None:
    """A button that measures, or what is missing for it."""
    pack = hand.of(protocol)
    if pack is None and protocol == OWN:
        st.info(plain(hand.why_not_own), icon=":material/mic:")
        places.link("live", "Go to Try")
        return
    if pack is None:
        clip_choice.need_this_dataset(dataset)
        return
    if is_new:
        what = clip_choice.what(protocol, dataset)
        st.info(f"{plain(run_names.label(run))} has not met the {plain(what)} yet.", icon=":material/info:")
    device = choose_device("evaluation.device")
    measured.button(
        f"Evaluate on {clips(clip_choice.n_clips(pack, protocol))}",
        "evaluation.start",
        _job(run, dataset, protocol),
        f"Evaluation of {run_names.label(run)}",
        lambda: work(run.folder, state.data_root(), protocol, device),
        unit="clips",
    )


def work(run: Path, root: Path | None, protocol: str, device: str) -> Work:
    """What evaluates a run and keeps the result."""

    def measure(progress: Progress) -> Evaluation:
        data = recordings.own_pack() if protocol == OWN else open_data(root, progress=progress)
        return evaluate(run, data, protocol, device=device, progress=progress)

    def save(result: Evaluation) -> None:
        keep.save(STUDY, run, STUDY.file(result.dataset, protocol), result)

    return measured.kept(measure, save)
