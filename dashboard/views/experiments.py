"""Experiments on a page: on which clips, started and kept, and what came out in words."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import streamlit as st

from core.config import PROTOCOLS, SETTINGS
from core.data.pack import Pack
from core.errors import ConfigError
from core.figures.experiments import signed
from core.files.strict import to_json
from core.frontend.mel_scale import bin_frequencies
from core.records.ablation import NORMALISATIONS, Experiment, ExperimentKind, Findings, Normalisation, Outcome
from core.records.filters import Filters
from core.records.table import as_csv
from core.runs import RunState, keep
from core.studies.ablation.kept import STUDY, file_of
from core.studies.ablation.plan import PAPER_BINS, WHY_RECOMPUTED, as_spans, n_quick, n_variants, parse_numbers
from dashboard.shared import cache, clip_choice, measured, saving
from dashboard.shared.jobs import Progress
from dashboard.shared.wording import clips as clips_text
from dashboard.shared.wording import percent, plain, word

BINS, MELS = "experiments.bins", "experiments.mels"
"""What is silenced, as written: STFT bins and mel filters."""

PICK = "experiments.pick"

SHORT = {"recomputed": "Measured anew on validation clips", "as-trained": "As training left it"}


@dataclass(frozen=True, eq=False)
class Setup:
    """Model, clips and normalisation that all experiments of the page share."""

    run: RunState
    filters: Filters
    data: Pack
    protocol: str
    validation: Pack | None
    """Clips to measure the normalisation on; None where there are none."""
    normalisation: Normalisation

    def file(self, experiment: Experiment) -> str:
        """The name under which the findings of an experiment are kept with the run."""
        return file_of(self.data, self.protocol, experiment, validation=self.validation)

    def findings(self, experiment: Experiment) -> Findings | None:
        """What was found, where it still holds."""
        return cache.current(STUDY, self.run.folder, self.file(experiment), self.data.content)


def choose(run: RunState, filters: Filters) -> Setup | None:
    """The clips and the normalisation, or None after saying what is missing."""
    hand = clip_choice.at_hand()
    if not hand.protocols:
        clip_choice.need_dataset("No dataset is ready to ask the model on. Prepare one first.")
        return None
    left, right = st.columns(2)
    protocol = clip_choice.choose_protocol(left, hand.protocols, hand.own, "experiments.protocol")
    validation = hand.dataset if "validation" in hand.protocols else None
    ways: list[Normalisation] = [name for name in NORMALISATIONS if name != "recomputed" or validation]
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
    data = hand.of(protocol)
    if data is None:
        return None
    right.caption(WHY_RECOMPUTED if normalises else "This model does not normalise: what the filters give is used.")
    st.caption(f"Dataset: {plain(data.title)}.")
    return Setup(run, filters, data, protocol, validation, normalisation)


def caution(filters: Filters) -> None:
    """What these experiments can tell and what they cannot."""
    st.caption(
        "The network grew up with the learned filters. What it loses without them says how much it relies on them, not "
        "what a network trained with other filters would reach: for that, compare models trained in settings A and "
        f"{filters.setting if filters.setting != 'A' else 'D'} on the same clips."
    )


def nothing_trained() -> None:
    """Why a model in setting A has only two experiments."""
    st.info(
        f"In setting A {SETTINGS['A']}, so learned equals initial: there is no way from one to the other, nothing to "
        "put back, and neither gain nor shape to tell apart. Silencing bands and filters still shows what the model "
        "listens to. Choose a model with setting B, C or D on the left for the rest.",
        icon=":material/info:",
    )


def ask(
    setup: Setup, kind: ExperimentKind, *, bins: tuple[int, ...] = (), mels: tuple[int, ...] = ()
) -> Findings | None:
    """The findings of an experiment, or None after offering to measure them."""
    experiment = Experiment(kind=kind, normalisation=setup.normalisation, bins=bins, mels=mels)
    whole = replace(experiment, quick=False)
    n_all = clip_choice.n_clips(setup.data, setup.protocol)
    model = setup.run.config.model.name if setup.run.config else "bcresnet-8"
    n = n_quick(model, n_variants(kind, setup.filters.setting, len(setup.filters.initial.mel_basis)), n_all)
    found = setup.findings(whole) or setup.findings(experiment)

    def offer(_: Findings | None) -> None:
        if found is None:
            text = f"{n:,} of {n_all:,} clips" if n < n_all else clips_text(n_all)
            _button(setup, experiment, f"Measure on {text}", f"experiments.start.{kind}", "primary", "science")
        elif found.is_sample:
            low, high = found.reference.interval
            st.caption(
                f"Asked on a sample of {found.n:,} of {found.n_all:,} clips, each word with its share, so that it "
                f"takes seconds: an accuracy is known to about ±{50 * (high - low):.1f} points."
            )
            _button(setup, whole, f"Ask all {n_all:,} clips", f"experiments.all.{kind}", "secondary", "hourglass")

    names = [_job(setup, one) for one in (experiment, whole) if one is experiment or n < n_all]
    return measured.shown(names, lambda: found, offer, again=True)


def _job(setup: Setup, experiment: Experiment) -> str:
    return f"experiment {setup.run.name} {setup.file(experiment)}"


def _button(
    setup: Setup,
    experiment: Experiment,
    label: str,
    key: str,
    kind: Literal["primary", "secondary"],
    icon: str,
) -> None:
    measured.button(
        label,
        key,
        _job(setup, experiment),
        f"Experiment on {setup.run.name}",
        lambda: measured.kept(
            partial(_measure, setup, experiment),
            partial(keep.save, STUDY, setup.run.folder, setup.file(experiment)),
        ),
        kind=kind,
        icon=f":material/{icon}:",
    )


_turn = threading.Lock()
# Two at once would only slow each other down, and neither would be there within seconds.


def _measure(setup: Setup, experiment: Experiment, progress: Progress) -> Findings:
    """Carry out an experiment when its turn has come."""
    from core.studies.ablation.measure import run_experiment

    while not _turn.acquire(timeout=0.5):
        progress(0, 0, "Waiting for the experiment before this one")
    try:
        return run_experiment(
            setup.run.folder, setup.data, setup.protocol, experiment, validation=setup.validation, progress=progress
        )
    finally:
        _turn.release()


# What is silenced


def choose_masked(filters: Filters) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """STFT bins and mel filters to silence, by presets or as typed; a selection on the plot writes them here."""
    hz = bin_frequencies(filters.n_fft, filters.sample_rate)
    n_mels, n_bins = filters.initial.mel_basis.shape
    first, last = PAPER_BINS
    presets = {
        f"The paper's bins {first}–{last}": (f"{first}-{min(last, n_bins - 1)}", ""),
        "Below 500 Hz": (f"0-{int((hz < 500).sum()) - 1}", ""),
        "Above 4 kHz": (f"{int((hz <= 4000).sum())}-{n_bins - 1}", ""),
        "Every second mel filter": ("", ",".join(map(str, range(1, n_mels, 2)))),
        "Silence nothing": ("", ""),
    }
    with st.container(horizontal=True):
        for name, texts in presets.items():
            st.button(name, key=f"experiments.preset.{name}", on_click=_write, args=texts)
    left, right = st.columns(2)
    bin_text = left.text_input(
        "STFT bins to silence",
        key=BINS,
        persist_state="session",
        placeholder="such as 25-49",
        help=f"Numbers from 0 to {n_bins - 1}; bin 25 is {hz[25]:,.0f} Hz." if n_bins > 25 else None,
    )
    mel_text = right.text_input(
        "Mel filters to silence",
        key=MELS,
        persist_state="session",
        placeholder="such as 0,5-9",
        help=f"Numbers from 0 to {n_mels - 1}, low to high.",
    )
    try:
        bins = parse_numbers(bin_text, n_bins, "STFT bins") if bin_text else ()
        mels = parse_numbers(mel_text, n_mels, "mel filters") if mel_text else ()
    except ConfigError as error:
        st.warning(plain(error), icon=":material/warning:")
        return (), ()
    return bins, mels


def _write(bins: str, mels: str) -> None:
    st.session_state[BINS], st.session_state[MELS] = bins, mels


def show_selectable(figure: Any) -> None:
    """A figure on which bins and filters can be selected by dragging."""
    saving.remember(figure, PICK)
    st.plotly_chart(
        figure, theme=None, key=PICK, config=saving.toolbar(), on_select=_picked, selection_mode=("box", "points")
    )


def _picked() -> None:
    take_selection([point.get("customdata") for point in st.session_state[PICK].selection.points])


def take_selection(points: list[Any]) -> None:
    """Silence what was selected on the plot: pairs of "bin" or "mel" and a number."""
    chosen = [tuple(point) for point in points if point]
    for kind, key in (("bin", BINS), ("mel", MELS)):
        numbers = sorted({int(number) for one, number in chosen if one == kind})
        if numbers:
            st.session_state[key] = as_spans(tuple(numbers)).replace("–", "-")


# What came out


def verdict(findings: Findings) -> None:
    """Each change in a sentence, and what the model scores untouched."""
    lines = [f"- {sentence(one, clear=clear)}" for one, clear in zip(findings.outcomes, findings.clear, strict=True)]
    st.markdown("\n".join(lines))
    st.caption(_baseline(findings))


def way_verdict(findings: Findings) -> None:
    """The two ends of the way in words."""
    start = replace(findings.outcomes[0], name="the whole basis back to initial")
    st.markdown(sentence(start, clear=findings.clear[0]))
    told = zip(findings.outcomes, findings.clear, strict=True)
    enough = next((one for one, clear in told if not clear), findings.outcomes[-1])
    if enough.place is not None and 0 < enough.place < 1:
        st.markdown(f"From {enough.place:.1f} of the way on, there is no clear difference to the learned basis.")
    st.caption(_baseline(findings))


def importance_verdict(findings: Findings) -> None:
    """Which filters matter most, and how many not clearly."""
    told = zip(findings.outcomes, findings.clear, strict=True)
    clear = sorted((one for one, is_clear in told if is_clear and one.difference < 0), key=lambda one: one.difference)
    n = len(findings.outcomes)
    if clear:
        names = ", ".join(f"{one.place:.0f} ({signed(one.difference)} points)" for one in clear[:3])
        text = f"Most depends on the mel filters {names}. For {len(clear)} of {n} filters the loss is clear"
    else:
        text = "No single filter's loss can be told from zero on these clips"
    st.markdown(f"{text} (McNemar's exact test, corrected for {n} comparisons).")
    st.caption(_baseline(findings))


def sentence(one: Outcome, *, clear: bool) -> str:
    """What a change did, in words; ``clear`` tells whether luck alone would hardly do it.

    >>> sentence(Outcome("mel filters back to initial", None, 1000, 500, 50, 150), clear=True)
    '**Mel filters back to initial:** 50.0 % right, 10.0 points less (7.3 to 12.7).'
    """
    low, high = one.difference_interval
    name = plain(one.name[:1].upper() + one.name[1:])
    if not clear:
        return (
            f"**{name}:** {percent(one.accuracy)} right; no clear difference ({signed(low)} to {signed(high)} points)."
        )
    more = one.difference > 0
    least, most = (100 * low, 100 * high) if more else (-100 * high, -100 * low)
    gap = f"{abs(100 * one.difference):.1f} points {'more' if more else 'less'} ({least:.1f} to {most:.1f})"
    return f"**{name}:** {percent(one.accuracy)} right, {gap}."


def _baseline(findings: Findings) -> str:
    own, untouched = findings.reference, findings.untouched
    low, high = own.interval
    text = (
        f"{PROTOCOLS[findings.protocol].capitalize()}, {clips_text(findings.n)}. Learned basis: "
        f"{percent(own.accuracy)} ({100 * low:.1f}–{percent(high)})"
    )
    if findings.n_validation and untouched.correct != own.correct:
        text += f", with the normalisation as training left it {percent(untouched.accuracy)}"
    return (
        f"{text}. Always answering “{word(findings.baseline_label)}”: {percent(findings.baseline)}. Differences are "
        "counted on the same clips, with the interval of Bonett and Price; a difference called one passes McNemar's "
        "exact test with Holm's correction. "
        f"Measured in {findings.seconds:.1f}\N{NO-BREAK SPACE}s."
    )


def numbers(findings: Findings) -> None:
    """Every number as a table, and as files."""
    kind = findings.experiment.kind
    with st.expander("As numbers", icon=":material/table:"):
        rows = [("as trained, untouched", findings.untouched), ("learned basis", findings.reference)]
        st.dataframe(
            [_row(name, one) for name, one in [*rows, *((one.name, one) for one in findings.outcomes)]], hide_index=True
        )
        name = f"earshot-{kind}-{findings.run}-{findings.protocol}"
        with st.container(horizontal=True):
            saving.button("CSV", as_csv(findings.as_rows()), f"{name}.csv", f"experiments.csv.{kind}")
            saving.button("JSON", to_json(findings.to_dict(), indent=1), f"{name}.json", f"experiments.json.{kind}")


def _row(name: str, one: Outcome) -> dict[str, str]:
    low, high = one.interval
    worst, best = one.difference_interval
    return {
        "Basis": name,
        "Accuracy": percent(one.accuracy),
        "95 % interval": f"{100 * low:.1f}–{percent(high)}",
        "Difference (points)": signed(one.difference),
        "Its 95 % interval": f"{signed(worst)} to {signed(best)}",
        "Over speakers": " to ".join(map(signed, one.speaker_interval)) if one.speaker_interval else "–",
        "Clips": f"{one.n:,}",
    }
