"""Which runs are compared, and on which clips; measured here where that was not done yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from core.config import OWN, PROTOCOLS
from core.data import recordings
from core.data.pack import Pack
from core.figures.comparison import LOOKS
from core.runs import RunState
from dashboard.shared import cache, clip_choice, defaults, jobs, measured, picker, places, run_names, state
from dashboard.shared.device_choice import choose_device
from dashboard.shared.wording import clips, plain
from dashboard.views.evaluation.choice import why_outdated, work

RUNS, BASELINE = "runs", "baseline"
"""What is compared and with what, in the session and in the page's address."""


@dataclass(frozen=True)
class Clips:
    """What runs are compared on, and which of them were measured on it."""

    dataset: str
    protocol: str
    measured: tuple[tuple[str, Path], ...] = ()
    """What runs are called, and the files of their evaluations."""
    pack: Pack | None = None
    """The clips themselves, where they are at hand."""


# What is compared


def choose_runs(place: Any) -> dict[str, RunState]:
    """Two or more runs, by what they are called, chosen at a place; a note and the end of the page without two."""
    found = run_names.by_label(picker.models())
    if len(found) < 2:
        st.info(
            "A comparison needs two trained models. Nothing is trained yet: train the linear model twice, with a "
            "fixed spectrogram (A) and with learned filters and kernels (D)."
            if not found
            else f"A comparison needs two trained models, and there is one, {plain(next(iter(found)))}. Train another, "
            "such as the same model with another setting.",
            icon=":material/lightbulb:",
        )
        places.link("training", "Train a model")
        st.stop()
    pair = [run.name for run in default_pair(list(found.values()))]
    chosen: list[str] = place.multiselect(
        "Models",
        list(found),
        default=None if _forget_missing(found) else [name for name, run in found.items() if run.name in pair],
        key=RUNS,
        bind="query-params",
        persist_state="session",
        max_selections=len(LOOKS),
        help="Two to six. Your own runs come first, newest first.",
    )
    if len(chosen) < 2:
        st.info("Choose at least two models.", icon=":material/lightbulb:")
        st.stop()
    return {name: found[name] for name in chosen}


def _forget_missing(found: Mapping[str, RunState]) -> bool:
    """Whether runs that were deleted meanwhile left the choice, and others stay; where none stays, it begins anew."""
    before = st.session_state.get(RUNS)
    if before is None or set(before) <= set(found):
        return False
    if not (kept := [name for name in before if name in found]):
        del st.session_state[RUNS]
        return False
    st.session_state[RUNS] = kept
    return True


def default_pair(found: Sequence[RunState]) -> list[RunState]:
    """The two newest runs of the user, else a model without and with a trained spectrogram, else any two."""
    own = [run for run in found if not run.shipped]
    if len(own) >= 2:
        return own[1::-1]
    # The linear model first: it has the least to say beside its filters.
    order = sorted(found, key=lambda run: _kind(run)[0] != "linear")
    for fixed in order:
        for trained in order:
            if _setting(fixed) == "A" and _setting(trained) == "D" and _kind(fixed) == _kind(trained):
                return [fixed, trained]
    return list(found[:2])


def _setting(run: RunState) -> str:
    return run.config.front_end.setting if run.config else ""


def _kind(run: RunState) -> tuple[str, str]:
    return (run.config.model.name, run.config.training.regime) if run.config else ("", "")


def choose_baseline(chosen: Mapping[str, RunState], place: Any) -> str:
    """What the others are compared with: first the run that trained least of its spectrogram."""
    names = list(chosen)
    first = next((name for name, run in chosen.items() if _setting(run) == "A"), names[0])
    defaults.follow(BASELINE, first, names)
    baseline: str = place.selectbox(
        "Compared with",
        names,
        index=names.index(first),
        key=BASELINE,
        bind="query-params",
        persist_state="session",
        help="The baseline: each of the others is compared with it, clip by clip.",
    )
    return baseline


def choose_clips(chosen: Mapping[str, RunState], button: Any) -> Clips:
    """Dataset and protocol, with an offer to measure the runs that were not measured on it yet.

    Args:
        chosen: What is compared.
        button: Where the button is drawn that the choice is behind.
    """
    words = {clip_choice.vocabulary_of(run) for run in chosen.values()}
    if len(words) > 1:
        st.info(
            "These models do not tell the same words apart: the same clips are different tasks for them, and their "
            "scores cannot be compared. Choose models of the same words.",
            icon=":material/info:",
        )
        return Clips("", "")
    saved = {name: cache.evaluations(run.folder) for name, run in chosen.items()}
    hand = clip_choice.at_hand(next(iter(chosen.values())))
    counts = Counter(key for kept in saved.values() for key in kept)
    ready = [(pack.title, name) for name in hand.protocols if (pack := hand.of(name))]
    possible = {*counts, *ready}
    if not possible:
        clip_choice.need_dataset(
            "None of these models was evaluated yet, and no dataset is ready to do it with. Prepare one first."
        )
        return Clips("", "")
    # What most of them were measured on comes first.
    most = {dataset: n for (dataset, _), n in reversed(counts.most_common())}
    datasets = sorted(set(_titles(possible)), key=lambda title: (-most.get(title, 0), title))

    def protocols(dataset: str) -> list[str]:
        names = [name for name in PROTOCOLS if (recordings.TITLE if name == OWN else dataset, name) in possible]
        return sorted(names, key=lambda name: -counts[recordings.TITLE if name == OWN else dataset, name])

    with button.popover("Clips", icon=":material/library_music:"):
        dataset, protocol = clip_choice.choose_clips(datasets, protocols, hand)
    if protocol == OWN:
        dataset = recordings.TITLE
    done = tuple((name, path) for name in chosen if (path := saved[name].get((dataset, protocol))))
    missing = [name for name in chosen if (dataset, protocol) not in saved[name]]
    source = hand.of(protocol)
    whys = {name: why_outdated(chosen[name].folder, path, source) for name, path in done}
    outdated = {name: why for name, why in whys.items() if why}
    found = Clips(dataset, protocol, done, source if source and source.title == dataset else None)
    if missing or outdated:
        if not jobs.is_running(_job(found)):
            _say_what_is_missing(missing, outdated)
        offer(found, {name: chosen[name] for name in (*missing, *outdated)})
    return found


def _titles(keys: Iterable[tuple[str, str]]) -> list[str]:
    """Datasets that something was measured on."""
    return [dataset for dataset, protocol in keys if protocol != OWN]


def _say_what_is_missing(missing: Sequence[str], outdated: Mapping[str, str]) -> None:
    if missing:
        st.info(f"Not measured on these clips yet: {plain(', '.join(missing))}.", icon=":material/info:")
    if outdated:
        text = " ".join(f"{name}: {why}" for name, why in outdated.items())
        st.warning(f"{plain(text)} Evaluate again.", icon=":material/update:")


def _job(chosen: Clips) -> str:
    return f"compare {chosen.dataset} {chosen.protocol}"


def offer(chosen: Clips, wanted: Mapping[str, RunState]) -> None:
    """A button that measures some runs one after the other, as the Score page does, with its progress."""
    measured.shown([_job(chosen)], lambda: None, lambda _: _offer(chosen, wanted))


def _offer(chosen: Clips, wanted: Mapping[str, RunState]) -> None:
    if chosen.pack is None:
        clip_choice.need_this_dataset(chosen.dataset)
        return
    device = choose_device("compare.device")
    n = len(wanted)
    measured.button(
        f"Evaluate {n} run{'s' * (n != 1)} on {clips(clip_choice.n_clips(chosen.pack, chosen.protocol))}",
        "compare.evaluate",
        _job(chosen),
        f"Evaluation of {', '.join(wanted)}",
        lambda: measured.in_turn(
            [work(run.folder, state.data_root(), chosen.protocol, device) for run in wanted.values()]
        ),
        unit="clips",
    )
