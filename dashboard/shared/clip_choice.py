"""Which clips a model is asked on: the chosen dataset or recordings of one's own, and which of their protocols."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.config import NO_LABEL, OWN, PROTOCOLS, TWELVE, Vocabulary, protocol_note
from core.data import recordings
from core.data.pack import Pack
from core.errors import DataError
from core.runs import RunState
from dashboard.shared import cache, defaults, places, state
from dashboard.shared.wording import clips, plain

DATASET, CLIPS = "dataset", "clips"
"""The chosen dataset and protocol, in the session and in the page's address."""


@dataclass(frozen=True, eq=False)
class AtHand:
    """The clips that are ready on this computer, with the labels that a model has for them."""

    dataset: Pack | None
    own: Pack | None
    why_no_dataset: str = ""
    """What is wrong with the chosen dataset; empty where it only has to be prepared."""
    why_not_own: str = ""
    """Why there are no recordings of one's own to test on."""
    vocabulary: Vocabulary = TWELVE

    @property
    def protocols(self) -> list[str]:
        """Those of which there are clips, in their usual order."""
        return [name for name in PROTOCOLS if n_clips(self.of(name), name)]

    def of(self, protocol: str) -> Pack | None:
        """Where the clips of a protocol are."""
        return self.own if protocol == OWN else self.dataset


def at_hand(run: RunState | None = None) -> AtHand:
    """The clips that are ready, as they are now, with the labels that a run has for them."""
    vocabulary = TWELVE if run is None else vocabulary_of(run)
    dataset, why_no_dataset = _opened(lambda: cache.data(state.data_root()))
    own, why_not_own = _opened(cache.own_recordings)
    dataset, own = (pack and pack.with_words(vocabulary) for pack in (dataset, own))
    return AtHand(dataset, own, why_no_dataset, why_not_own, vocabulary)


def vocabulary_of(run: RunState) -> Vocabulary:
    """What a run tells apart; the usual where its settings cannot be read."""
    return run.config.vocabulary if run.config else TWELVE


def dataset() -> Pack | None:
    """The chosen dataset; None where it is not ready."""
    return _opened(lambda: cache.data(state.data_root()))[0]


def _opened(pack: Callable[[], Pack | None]) -> tuple[Pack | None, str]:
    try:
        return pack(), ""
    except DataError as error:
        return None, str(error)


def n_clips(pack: Pack | None, protocol: str) -> int:
    """Clips of a protocol that have a label; none where there is no dataset, or the model cannot be asked on them."""
    if pack is None or protocol not in pack.vocabulary.protocols:
        return 0
    return int(((pack.splits == protocol) & (pack.labels != NO_LABEL)).sum())


def need_dataset(text: str, icon: str = ":material/lightbulb:") -> None:
    """In place of what needs clips: why, and where to get some."""
    st.info(text, icon=icon)
    places.link("data", "Go to Data")


def need_this_dataset(title: str) -> None:
    """The same where the clips of one dataset are needed."""
    need_dataset(f"To evaluate on {plain(title)}, choose that dataset under Train, Data.", ":material/info:")


def what(protocol: str, dataset: str) -> str:
    """The clips of a protocol of a dataset, as the middle of a sentence."""
    return PROTOCOLS[protocol] if protocol == OWN else f"{PROTOCOLS[protocol]} of {dataset}"


def choose_clips(datasets: Sequence[str], protocols: Callable[[str], list[str]], hand: AtHand) -> tuple[str, str]:
    """Dataset and protocol; one choice for all pages that judge models.

    Args:
        datasets: Titles to choose from, the first choice ahead; none where there are only recordings of one's own.
        protocols: The protocols that a dataset has, at least one.
        hand: The clips that are ready.
    """
    dataset = datasets[0] if datasets else recordings.TITLE
    defaults.follow(DATASET, dataset, datasets)
    if len(datasets) > 1:
        dataset = st.selectbox(
            "Dataset",
            datasets,
            key=DATASET,
            bind="query-params",
            persist_state="session",
            help="The dataset chosen under Train, Data, and those this model was measured on.",
        )
    names = protocols(dataset)
    defaults.follow(CLIPS, names[0], names)
    return dataset, choose_protocol(st, names, hand, CLIPS, bind="query-params")


def choose_protocol(place: Any, protocols: list[str], hand: AtHand, key: str, **more: Any) -> str:
    """Which clips, each protocol with what it is; ``more`` is what else Streamlit's control takes."""
    titles = {name: title.capitalize() for name, title in PROTOCOLS.items()}
    titles[OWN] = f"{recordings.TITLE} ({clips(len(hand.own)) if hand.own else 'none yet'})"
    chosen: str = place.radio(
        "Protocol: which clips",
        protocols,
        format_func=titles.__getitem__,
        captions=[protocol_note(name, hand.vocabulary) for name in protocols],
        key=key,
        persist_state="session",
        **more,
    )
    return chosen
