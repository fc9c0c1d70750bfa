"""What is asked: which models, on which clips, changed in which way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from core.config import OWN
from core.data import recordings
from core.data.pack import Pack
from core.records.robustness import Change, Robustness
from core.runs import RunState, keep
from core.studies.robustness.kept import STUDY, file_of
from core.studies.robustness.measure import N_CLIPS
from dashboard.shared import cache, clip_choice, picker, run_names
from dashboard.shared.clip_choice import AtHand
from dashboard.shared.widgets import choose
from dashboard.shared.wording import plain

KINDS: dict[Change, str] = {"noise": "Noise", "shift": "Shift in time", "gain": "Loudness", "speed": "Speed"}

WHAT: dict[Change, str] = {
    "noise": "Noise of kinds that training did not hear, mixed in at a signal-to-noise ratio: how much more power the "
    "word has, while it is spoken, than the noise. At 0 dB both are equally loud. Clips of silence get the noise as "
    "loud as it is beside a usual word. The recordings bring some noise of their own, so “clean” is not quite clean.",
    "shift": "The word comes earlier or later in its second; silence fills the gap, and what leaves the second is "
    "lost.",
    "gain": "The whole clip is made quieter or louder, rounded to 16 bits, and cut off at full scale, as a badly set "
    "microphone does.",
    "speed": "The clip is played slower or faster, as a tape is: the pitch follows. The word's middle stays in place. "
    "Played slower, a clip has no more tones near the upper end; played faster, silence fills its ends.",
}

SIZES: tuple[int | None, ...] = (300, N_CLIPS, 1200, None)

MOST_MODELS = 6


@dataclass(frozen=True, eq=False)
class Question:
    """What is to be measured."""

    models: Mapping[str, RunState]
    """By what they are called."""
    dataset: str
    protocol: str
    kind: Change
    n_clips: int | None
    """None for all."""
    pack: Pack | None
    """The clips, where they are at hand."""
    noises: Pack | None
    """What the noise is taken from, where it is at hand."""

    @property
    def file(self) -> str:
        """The name under which an answer is kept with its run."""
        return file_of(self.dataset, self.protocol, self.kind, self.n_clips)


def choose_question(run: RunState) -> Question:
    """Which change, models and clips; a friendly note and the end of the page where there are no clips at all."""
    hand = clip_choice.at_hand(run)
    kept = _kept(run)
    if hand.dataset is None and not kept:
        if hand.why_no_dataset:
            st.info(plain(hand.why_no_dataset), icon=":material/info:")
        clip_choice.need_dataset("To change clips, the clips of a dataset are needed. Prepare one first.")
        st.stop()
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        kind: Change = choose(
            "What happens to the clips",
            KINDS,
            "change",
            bind="query-params",
            help="  \n\n".join(f"**{KINDS[one]}.** {text}" for one, text in WHAT.items()),
        )
        button = st.container(width="content")
    models = _choose_models(run)
    with button.popover("Clips", icon=":material/library_music:"):
        dataset, protocol = _choose_clips(run, hand, kept)
        pack = hand.of(protocol)
        if pack is not None and pack.title != dataset:
            pack = None
        n_clips = _choose_size(
            pack, protocol, [one for one in kept if (one.dataset, one.protocol) == (dataset, protocol)]
        )
    return Question(models, dataset, protocol, kind, n_clips, pack, hand.dataset)


def _kept(run: RunState) -> list[Robustness]:
    """What was measured of a model as it is, under the names that the page asks for."""
    found = []
    for path in keep.find_all(run.folder, STUDY):
        one = cache.current(STUDY, run.folder, path.name, "")
        if one is not None and path.name == file_of(one.dataset, one.protocol, one.kind, _size(one)):
            found.append(one)
    return found


def _size(record: Robustness) -> int | None:
    """The number of clips that was asked for."""
    return None if record.n == record.n_all else record.n


def _choose_models(run: RunState) -> dict[str, RunState]:
    # The same clips are another task for a model that tells other words apart.
    words = clip_choice.vocabulary_of(run)
    found = run_names.by_label([one for one in picker.models() if clip_choice.vocabulary_of(one) == words])
    # Another model in the head brings its own comparison along.
    names = st.multiselect(
        "Models",
        list(found),
        default=_compared(run, found),
        max_selections=MOST_MODELS,
        key=f"models.{run.name}",
        bind="query-params",
        persist_state="session",
        help="All of them hear the same clips with the same noise.",
    )
    return {name: found[name] for name in names if name in found}


def _compared(run: RunState, found: Mapping[str, RunState]) -> list[str]:
    """The model itself, and the one like it whose filters stayed as they were."""
    own = [name for name, each in found.items() if each.name == run.name]
    if run.config is None:
        return own
    fixed = [
        name
        for name, each in found.items()
        if each.config and each.config.preset == run.config.preset and each.config.front_end.setting == "A"
    ]
    return list(dict.fromkeys([*own, *fixed[:1]]))


def _choose_clips(run: RunState, hand: AtHand, kept: list[Robustness]) -> tuple[str, str]:
    """Dataset and protocol; those that the model was measured on come first."""
    measured = [one.dataset for one in kept if one.protocol != OWN]
    first = next((title for title in (run.dataset, *measured) if title in measured), None)
    titles = dict.fromkeys([*([hand.dataset.title] if hand.dataset else []), *measured])
    done = {(one.dataset, one.protocol) for one in kept}

    def protocols(dataset: str) -> list[str]:
        ready = {
            name for name in hand.protocols if (pack := hand.of(name)) and pack.title in (dataset, recordings.TITLE)
        }
        possible = hand.vocabulary.protocols
        return [name for name in possible if name in ready or {(dataset, name), (recordings.TITLE, name)} & done]

    dataset, protocol = clip_choice.choose_clips(sorted(titles, key=lambda title: title != first), protocols, hand)
    return (recordings.TITLE if protocol == OWN else dataset), protocol


def _choose_size(pack: Pack | None, protocol: str, kept: list[Robustness]) -> int | None:
    """How many of the clips; of those that are not at hand as many as were measured."""
    if pack is not None:
        n_all = clip_choice.n_clips(pack, protocol)
        sizes = [size for size in SIZES if size is None or size < n_all]
    else:
        n_all = max((one.n_all for one in kept), default=0)
        sizes = list(dict.fromkeys(map(_size, kept)))
    if len(sizes) < 2:
        return sizes[0] if sizes else N_CLIPS
    titles = {size: f"{size:,}" if size else f"all {n_all:,}" for size in sizes}
    chosen: int | None = st.segmented_control(
        "How many",
        sizes,
        default=N_CLIPS if N_CLIPS in sizes else sizes[0],
        required=True,
        format_func=titles.__getitem__,
        key=f"robustness.size.{n_all}.{len(sizes)}",
        persist_state="session",
        help="A sample, drawn with a fixed seed, with each word's share as in the whole. More clips: narrower "
        "intervals, more time.",
    )
    return chosen
