"""What all experiments of the page share: the model, the clips, and the normalisation between filters and network."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from core.data.demo import has_synthetic_voices
from core.data.pack import Pack
from core.records.ablation import NORMALISATIONS, Experiment, Findings, Normalisation
from core.records.filters import Filters
from core.runs import RunState
from core.studies.ablation.kept import STUDY, file_of
from core.studies.ablation.plan import WHY_RECOMPUTED
from dashboard.shared import cache, clip_choice
from dashboard.shared.wording import plain

SHORT = {"recomputed": "Measured anew on validation clips", "as-trained": "As training left it"}


@dataclass(frozen=True, eq=False)
class Setup:
    """Model, clips and normalisation that all experiments of the page share."""

    run: RunState
    filters: Filters
    data: Pack | None
    """None where no clips are ready: then what was kept on other clips can be shown, and nothing measured."""
    protocol: str
    validation: Pack | None
    """Clips to measure the normalisation on; None where there are none."""
    normalisation: Normalisation

    def file(self, data: Pack, experiment: Experiment) -> str:
        """The name under which the findings of an experiment on these clips are kept with the run."""
        return file_of(data, self.protocol, experiment, validation=self.validation)

    def found(self, experiment: Experiment) -> Findings | None:
        """What was found on these clips, where it still holds."""
        if self.data is None:
            return None
        return cache.current(STUDY, self.run.folder, self.file(self.data, experiment), self.data.content)

    def found_elsewhere(self, experiment: Experiment) -> Findings | None:
        """What was found on other clips, with the model as it is: of several the one on people and most clips."""
        same = [
            one
            for one in cache.all_current(STUDY, self.run.folder)
            if replace(one.experiment, quick=experiment.quick) == experiment
        ]
        return max(same, key=lambda one: (not has_synthetic_voices(one.dataset), one.n), default=None)


def choose(run: RunState, filters: Filters) -> Setup:
    """The clips and the normalisation."""
    hand = clip_choice.at_hand(run)
    left, right = st.columns(2)
    protocol = hand.vocabulary.protocols[0]
    if hand.protocols:
        protocol = clip_choice.choose_protocol(left, hand.protocols, hand, "experiments.protocol")
    validation = hand.dataset if "validation" in hand.protocols else None
    ways: list[Normalisation] = [
        name for name in NORMALISATIONS if name != "recomputed" or validation or not hand.protocols
    ]
    normalises = run.config is None or run.config.model.normalise
    normalisation: Normalisation = right.radio(
        "Normalisation between filters and network",
        ways,
        format_func=SHORT.__getitem__,
        disabled=not normalises,
        captions=[NORMALISATIONS[name] for name in ways],
        key="experiments.normalisation",
        persist_state="session",
    )
    right.caption(WHY_RECOMPUTED if normalises else "This model does not normalise: what the filters give is used.")
    data = hand.of(protocol) if hand.protocols else None
    if data is not None:
        st.caption(f"Dataset: {plain(data.title)}.")
    return Setup(run, filters, data, protocol, validation, normalisation)
