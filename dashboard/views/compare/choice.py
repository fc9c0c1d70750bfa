"""Which runs are compared, and on which clips; measured here where that was not done yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.config import OWN, PROTOCOLS
from core.data.pack import Pack
from core.figures.comparison import LOOKS
from core.runs import RunState
from dashboard.shared import cache, clip_choice, jobs, measured, picker, places, state
from dashboard.shared.device_choice import choose_device
from dashboard.shared.wording import clips, plain
from dashboard.views.evaluation.choice import why_outdated, work

RUNS_KEY = "compare.runs"


@dataclass(frozen=True)
class Clips:
    """What runs are compared on, and which of them were measured on it."""

    dataset: str
    protocol: str
    measured: tuple[tuple[str, Path], ...] = ()
    """Names of runs and the files of their evaluations."""
    pack: Pack | None = None
    """The clips themselves, where they are at hand."""


# What is compared


def choose_runs() -> list[RunState]:
    """Two or more runs; a friendly note and the end of the page where there are too few."""
    found = {run.name: run for run in picker.models()}
    if len(found) < 2:
        st.info(
            "A comparison needs two trained models. Nothing is trained yet: train the linear model twice, with setting "
            "A (nothing of the spectrogram is trained) and with setting D (all of it)."
            if not found
            else f"A comparison needs two trained models, and there is one, {next(iter(found))}. Train another, such "
            "as the same model with another setting.",
            icon=":material/lightbulb:",
        )
        places.link("training", "Train a model")
        st.stop()
    kept = [name for name in st.session_state.get(RUNS_KEY, ()) if name in found]
    # Set here and not as a default, so that a run that was deleted meanwhile leaves the choice.
    st.session_state[RUNS_KEY] = kept or [run.name for run in default_pair(list(found.values()))]
    titles = {name: picker.title(run) for name, run in found.items()}
    chosen = st.multiselect(
        "Runs to compare",
        list(found),
        format_func=titles.__getitem__,
        key=RUNS_KEY,
        persist_state="session",
        max_selections=len(LOOKS),
        help="Two to six. Your own runs come first, newest first.",
    )
    if len(chosen) < 2:
        st.info("Choose at least two runs.", icon=":material/lightbulb:")
        st.stop()
    return [found[name] for name in chosen]


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


def choose_baseline(chosen: Sequence[RunState]) -> str:
    """The run that the others are compared with: first the one that trained least of its spectrogram."""
    names = [run.name for run in chosen]
    first = next((run.name for run in chosen if _setting(run) == "A"), names[0])
    return st.selectbox(
        "Baseline: the others are compared with it",
        names,
        index=names.index(first),
        key=f"compare.baseline.{'.'.join(names)}",
        persist_state="session",
    )


def choose_clips(chosen: Sequence[RunState]) -> Clips:
    """Dataset and protocol, with an offer to measure the runs that were not measured on it yet."""
    saved = {run.name: cache.evaluations(run.folder) for run in chosen}
    hand = clip_choice.at_hand()
    counts: dict[tuple[str, str], int] = {}
    for kept in saved.values():
        for key in kept:
            counts[key] = counts.get(key, 0) + 1
    possible = [(pack.title, name) for name in hand.protocols if (pack := hand.of(name))]
    options = sorted({*counts, *possible}, key=lambda key: (-counts.get(key, 0), list(PROTOCOLS).index(key[1]), key[0]))
    if not options:
        clip_choice.need_dataset(
            "None of these runs was evaluated yet, and no dataset is ready to do it with. Prepare one first."
        )
        return Clips("", "")
    titles = [_clips_title(key, counts.get(key, 0), len(chosen)) for key in options]
    number = st.selectbox(
        "Clips: all runs are judged on the same ones",
        range(len(options)),
        format_func=titles.__getitem__,
        # Other possibilities make another widget, whose first choice is what most runs were measured on.
        key=f"compare.clips.{'.'.join(map('/'.join, options))}",
        persist_state="session",
    )
    dataset, protocol = options[number]
    done = tuple((run.name, path) for run in chosen if (path := saved[run.name].get((dataset, protocol))))
    missing = [run for run in chosen if (dataset, protocol) not in saved[run.name]]
    source = hand.of(protocol)
    folders = {run.name: run.folder for run in chosen}
    whys = {name: why_outdated(folders[name], path, source) for name, path in done}
    outdated = [run for run in chosen if whys.get(run.name)]
    found = Clips(dataset, protocol, done, source if source and source.title == dataset else None)
    if missing or outdated:
        if not jobs.is_running(_job(found)):
            _say_what_is_missing(missing, {run.name: whys[run.name] for run in outdated})
        offer(found, [*missing, *outdated])
    return found


def _clips_title(key: tuple[str, str], n_measured: int, n_runs: int) -> str:
    dataset, protocol = key
    what = dataset if protocol == OWN else clip_choice.what(protocol, dataset)
    what = what[:1].upper() + what[1:]
    return what if n_measured == n_runs else f"{what} · {n_measured} of {n_runs} runs measured"


def _say_what_is_missing(missing: Sequence[RunState], outdated: Mapping[str, str]) -> None:
    if missing:
        st.info(f"Not measured on these clips yet: {', '.join(run.name for run in missing)}.", icon=":material/info:")
    if outdated:
        text = " ".join(f"{name}: {why}" for name, why in outdated.items())
        st.warning(f"{plain(text)} Evaluate again.", icon=":material/update:")


def _job(chosen: Clips) -> str:
    return f"compare {chosen.dataset} {chosen.protocol}"


def offer(chosen: Clips, wanted: Sequence[RunState]) -> None:
    """A button that measures some runs one after the other, as the Evaluation page does, with its progress."""
    measured.shown([_job(chosen)], lambda: None, lambda _: _offer(chosen, wanted))


def _offer(chosen: Clips, wanted: Sequence[RunState]) -> None:
    if chosen.pack is None:
        clip_choice.need_this_dataset(chosen.dataset)
        return
    device = choose_device("compare.device")
    n = len(wanted)
    measured.button(
        f"Evaluate {n} run{'s' * (n != 1)} on {clips(clip_choice.n_clips(chosen.pack, chosen.protocol))}",
        "compare.evaluate",
        _job(chosen),
        f"Evaluation of {', '.join(run.name for run in wanted)}",
        lambda: measured.in_turn([work(run.folder, state.data_root(), chosen.protocol, device) for run in wanted]),
        unit="clips",
    )
