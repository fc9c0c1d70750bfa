"""Experiments on a page: on which clips, started and kept, and what came out in words."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import streamlit as st

from core.config import PROTOCOLS
from core.data.demo import has_synthetic_voices
from core.data.pack import Pack
from core.errors import ConfigError
from core.figures import experiments as figures
from core.figures.experiments import signed
from core.files.strict import to_json
from core.frontend.mel_scale import bin_frequencies
from core.records.ablation import NORMALISATIONS, Experiment, ExperimentKind, Findings, Normalisation, Outcome
from core.records.filters import Filters
from core.records.table import as_csv
from core.runs import RunState, keep
from core.studies.ablation.kept import STUDY, file_of
from core.studies.ablation.plan import (
    ABOUT_THE_BASIS,
    PAPER_BINS,
    WHY_RECOMPUTED,
    as_spans,
    n_quick,
    n_variants,
    parse_numbers,
)
from dashboard.shared import cache, clip_choice, measured, places, saving
from dashboard.shared.folds import fold
from dashboard.shared.jobs import Progress
from dashboard.shared.widgets import explained, on_this_page, say_finding, show_figure
from dashboard.shared.wording import clips as clips_text
from dashboard.shared.wording import percent, plain, word

BINS, MELS = "bins", "mels"
"""What is silenced, as written: STFT bins and mel filters; in the page's address too."""

PICK = "experiments.pick"

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


@st.fragment
def draw(run: RunState, filters: Filters) -> None:
    """What putting the basis back costs, or each filter is worth, and more on request; a slider redraws this alone."""
    with explained(), saving.part():
        top, folds = st.container(), st.container()
        with st.expander("On which clips, and how", icon=":material/tune:"):
            setup = choose(run, filters)
        with top:
            if filters.setting == "A":
                ask(setup, "occlusion", lambda found: _worth(found, filters, first=True))
            else:
                ask(setup, "swap", _parts_back)
                caution()
        with folds:
            _more(setup)
        if setup.data is None:
            clip_choice.need_dataset("No dataset is ready to ask the model on. Prepare one first.")


def _more(setup: Setup) -> None:
    """The other experiments; one without findings that cannot be measured is left out."""
    kinds: dict[ExperimentKind, tuple[str, str, Callable[[], None]]] = {
        "interpolation": ("From initial to learned", "trending_up", lambda: _way(setup)),
        "gain-shape": ("Gain or shape?", "call_split", lambda: ask(setup, "gain-shape", _gain_or_shape)),
        "mask": ("Silence a band", "volume_off", lambda: _silence(setup)),
        "occlusion": (
            "What each filter is worth",
            "leaderboard",
            lambda: ask(setup, "occlusion", lambda found: _worth(found, setup.filters)),
        ),
    }
    for kind, (label, icon, shown) in kinds.items():
        if setup.filters.setting == "A" and kind in (*ABOUT_THE_BASIS, "occlusion"):
            continue  # the last one stands above
        if setup.data is not None or (
            kind != "mask" and setup.found_elsewhere(Experiment(kind=kind, normalisation=setup.normalisation))
        ):
            fold(label, f"matters.{kind}", shown, icon=icon)


def choose(run: RunState, filters: Filters) -> Setup:
    """The clips and the normalisation."""
    hand = clip_choice.at_hand()
    left, right = st.columns(2)
    protocol = "official"
    if hand.protocols:
        protocol = clip_choice.choose_protocol(left, hand.protocols, hand.own, "experiments.protocol")
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


def caution() -> None:
    """What these experiments can tell and what they cannot."""
    st.caption(
        "The network was trained with the learned filters. What it loses without them says how much it relies on them, "
        "not what a network trained with other filters would reach: for that, compare a model with a fixed spectrogram "
        "(A) on the same clips."
    )
    places.link("compare", "Compare")


def ask(
    setup: Setup,
    kind: ExperimentKind,
    show: Callable[[Findings], None],
    *,
    bins: tuple[int, ...] = (),
    mels: tuple[int, ...] = (),
) -> None:
    """The findings of an experiment, and below them the offer to measure them, or to measure them on more clips.

    Args:
        setup: The model and the clips.
        kind: The experiment.
        show: Draws the findings.
        bins: STFT bins to silence.
        mels: Mel filters to silence.
    """
    experiment = Experiment(kind=kind, normalisation=setup.normalisation, bins=bins, mels=mels)
    place, data = st.container(), setup.data
    found = setup.found_elsewhere(experiment) if data is None else _measured(setup, data, experiment)
    if found is not None:
        with place:
            show(found)
            st.caption(_measured_on(found))


def _measured(setup: Setup, data: Pack, experiment: Experiment) -> Findings | None:
    """What was found on these clips, else on others, after the offer to measure it."""
    whole = replace(experiment, quick=False)
    own = setup.found(whole) or setup.found(experiment)
    found = own or setup.found_elsewhere(experiment)
    n_all = clip_choice.n_clips(data, setup.protocol)
    model = setup.run.config.model.name if setup.run.config else "bcresnet-8"
    kind = experiment.kind
    n = n_quick(model, n_variants(kind, setup.filters.setting, len(setup.filters.initial.mel_basis)), n_all)

    def offer(_: Findings | None) -> None:
        if own is None:
            text = f"{n:,} of {n_all:,} clips" if n < n_all else clips_text(n_all)
            on = f" of {plain(data.title)}" if found else ""
            look: Literal["primary", "secondary"] = "secondary" if found else "primary"
            _button(setup, data, experiment, f"Measure on {text}{on}", f"experiments.start.{kind}", look, "science")
        elif own.is_sample:
            low, high = own.reference.interval
            st.caption(
                f"Asked on a sample of {own.n:,} of {own.n_all:,} clips, each word with its share, so that it "
                f"takes seconds: an accuracy is known to about ±{50 * (high - low):.1f} points."
            )
            _button(setup, data, whole, f"Ask all {n_all:,} clips", f"experiments.all.{kind}", "secondary", "hourglass")

    names = [_job(setup, data, one) for one in (experiment, whole) if one is experiment or n < n_all]
    return measured.shown(names, lambda: found, offer, again=True)


def _job(setup: Setup, data: Pack, experiment: Experiment) -> str:
    return f"experiment {setup.run.name} {setup.file(data, experiment)}"


def _button(
    setup: Setup,
    data: Pack,
    experiment: Experiment,
    label: str,
    key: str,
    kind: Literal["primary", "secondary"],
    icon: str,
) -> None:
    measured.button(
        label,
        key,
        _job(setup, data, experiment),
        f"Experiment on {setup.run.name}",
        lambda: measured.kept(
            partial(_measure, setup, data, experiment),
            partial(keep.save, STUDY, setup.run.folder, setup.file(data, experiment)),
        ),
        kind=kind,
        icon=f":material/{icon}:",
    )


_turn = threading.Lock()
# Two at once would only slow each other down, and neither would be there within seconds.


def _measure(setup: Setup, data: Pack, experiment: Experiment, progress: Progress) -> Findings:
    """Carry out an experiment when its turn has come."""
    from core.studies.ablation.measure import run_experiment

    while not _turn.acquire(timeout=0.5):
        progress(0, 0, "Waiting for the experiment before this one")
    try:
        return run_experiment(
            setup.run.folder, data, setup.protocol, experiment, validation=setup.validation, progress=progress
        )
    finally:
        _turn.release()


# The experiments


def _parts_back(found: Findings) -> None:
    show_figure(figures.accuracy_by_change(found, title="Parts back to initial"), "experiments.swap")
    st.caption("A bar that reaches zero below means that part may as well have stayed as it was.")
    verdict(found)
    fold("As numbers", "matters.numbers", lambda: numbers(found))


def _way(setup: Setup) -> None:
    step = st.slider(
        "How far the filters have gone", 0.0, 1.0, 0.5, 0.1, key="step", bind="query-params", persist_state="session"
    )

    def show(found: Findings) -> None:
        show_figure(figures.accuracy_on_the_way(found, step=step), "experiments.way")
        st.caption(
            "Left: the filters before training. Right: after it. A rising line says the network needs the change."
        )
        way_verdict(found)
        numbers(found)

    ask(setup, "interpolation", show)
    show_figure(figures.mel_filters_on_the_way(setup.filters, step), "experiments.filters")
    st.caption("Orange: the filters at the slider's place. Dashed grey: initial. Blue: learned.")


def _gain_or_shape(found: Findings) -> None:
    show_figure(figures.accuracy_by_change(found, title="Only the gain, or only the shape"), "experiments.gain")
    st.caption(
        "Gain is how loud a filter is as a whole, shape which tones it prefers. Only the gain: initial filters, as "
        "loud as learned ones. Only the shape: learned ones, as loud as initial."
    )
    verdict(found)
    numbers(found)


def _silence(setup: Setup) -> None:
    bins, mels = choose_masked(setup.filters)
    show_selectable(figures.selectable_filters(setup.filters, bins=bins, mels=mels))
    st.caption("Drag sideways over squares, or tap one: above mel filters, below STFT bins. Orange is silenced.")

    def show(found: Findings) -> None:
        show_figure(figures.accuracy_by_change(found, title="With a part silenced"), "experiments.mask")
        verdict(found)
        numbers(found)

    if bins or mels:
        ask(setup, "mask", show, bins=bins, mels=mels)


def _worth(found: Findings, filters: Filters, *, first: bool = False) -> None:
    show_figure(figures.filter_importance(found, filters), "experiments.importance")
    st.caption(
        "Each point: what the model loses when one filter always says its mean. Below: where that filter listens."
    )
    importance_verdict(found)
    if first:
        fold("As numbers", "matters.numbers", lambda: numbers(found))
    else:
        numbers(found)


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
        bind="query-params",
        persist_state="session",
        placeholder="such as 25-49",
        help=f"Numbers from 0 to {n_bins - 1}; bin 25 is {hz[25]:,.0f} Hz." if n_bins > 25 else None,
    )
    mel_text = right.text_input(
        "Mel filters to silence",
        key=MELS,
        bind="query-params",
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
    look: dict[str, Any] = {"theme": None, "config": saving.toolbar(), "alt": say_finding(figure)}
    st.plotly_chart(on_this_page(figure), key=PICK, on_select=_picked, selection_mode=("box", "points"), **look)


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
    """Each change in a sentence."""
    lines = [f"- {sentence(one, clear=clear)}" for one, clear in zip(findings.outcomes, findings.clear, strict=True)]
    st.markdown("\n".join(lines))


def way_verdict(findings: Findings) -> None:
    """The two ends of the way in words."""
    start = replace(findings.outcomes[0], name="the whole basis back to initial")
    st.markdown(sentence(start, clear=findings.clear[0]))
    told = zip(findings.outcomes, findings.clear, strict=True)
    enough = next((one for one, clear in told if not clear), findings.outcomes[-1])
    if enough.place is not None and 0 < enough.place < 1:
        st.markdown(f"From {enough.place:.1f} of the way on, there is no clear difference to the learned basis.")


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


def _measured_on(findings: Findings) -> str:
    """The clips, what the model scores on them untouched, and how differences are told."""
    own, untouched = findings.reference, findings.untouched
    low, high = own.interval
    voices = "synthetic voices" if has_synthetic_voices(findings.dataset) else "real recordings"
    text = (
        f"{PROTOCOLS[findings.protocol].capitalize()}, {clips_text(findings.n)} of {plain(findings.dataset)}, "
        f"{voices}. Learned basis: {percent(own.accuracy)} ({100 * low:.1f}–{percent(high)})"
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
