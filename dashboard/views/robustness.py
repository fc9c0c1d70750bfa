"""What is measured on changed clips, how it is measured, and the clips behind any point of the curve."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.config import LABELS, OWN, PROTOCOL_NOTES, PROTOCOLS
from core.data.pack import Pack, open_data
from core.data.recordings import own_pack
from core.figures.experiments import signed
from core.figures.robustness import clips_text, point_text, value_text
from core.records.robustness import Change, Robustness, noise_title
from core.records.table import as_csv
from core.runs import RunState, keep
from core.sound.wav import as_wav
from core.statistics import SIGNIFICANT, Interval, group_interval, holm, pairs_of
from core.studies.comparison import p_text
from core.studies.robustness.changes import UNCHANGED, VALUES
from core.studies.robustness.kept import STUDY, file_of
from core.studies.robustness.measure import N_CLIPS, measure
from dashboard.shared import cache, clip_choice, measured, picker, saving, state
from dashboard.shared.clip_choice import AtHand
from dashboard.shared.device_choice import choose_device
from dashboard.shared.jobs import Progress
from dashboard.shared.widgets import choose
from dashboard.shared.wording import clips, percent, plain, word

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

JOB = "robustness"

PAGE_CLIPS = 4
"""Clips listed at once: each brings two sounds along."""

MODEL, STEP = "robustness.model", "robustness.step"
"""The point that is listened to: a model's name, and the number of a value."""

SHOWN = {"lost": "Lost by this change", "wrong": "All wrong", "right": "Right", "all": "All"}


@dataclass(frozen=True)
class Question:
    """What is to be measured."""

    runs: tuple[RunState, ...]
    protocol: str
    kind: Change
    n_clips: int | None

    def file(self, dataset: str) -> str:
        """The name under which an answer is kept with its run."""
        return file_of(dataset, self.protocol, self.kind, self.n_clips)


def require_data() -> tuple[Pack, AtHand]:
    """The chosen dataset and all clips there are, or a friendly note with the next step, after which the page ends."""
    hand = clip_choice.at_hand()
    if hand.dataset is None:
        if hand.why_no_dataset:
            st.info(plain(hand.why_no_dataset), icon=":material/info:")
        clip_choice.need_dataset("To change clips, the clips of a dataset are needed. Prepare one first.")
        st.stop()
    return hand.dataset, hand


def choose_question(run: RunState, hand: AtHand) -> Question:
    """Which change, models and clips."""
    kind: Change = choose("What happens to the clips", KINDS, "robustness.kind")
    st.caption(WHAT[kind])
    found = {each.name: each for each in picker.models()}
    # Another model on the left brings its own comparison along.
    names = st.multiselect(
        "Models",
        list(found),
        default=_compared(run, list(found.values())),
        max_selections=MOST_MODELS,
        key=f"robustness.models.{run.name}",
        persist_state="session",
        help="All of them hear the same clips with the same noise.",
    )
    left, right = st.columns(2)
    notes = {name: f"{PROTOCOLS[name].capitalize()}: {PROTOCOL_NOTES[name]}" for name in hand.protocols}
    protocol = left.selectbox(
        "Which clips", notes, format_func=notes.__getitem__, key="robustness.protocol", persist_state="session"
    )
    n_all = clip_choice.n_clips(hand.of(protocol), protocol)
    sizes = [size for size in SIZES if size is None or size < n_all]
    n_clips = right.segmented_control(
        "How many",
        sizes,
        default=N_CLIPS if N_CLIPS in sizes else None,
        required=N_CLIPS in sizes,
        format_func={size: f"{size:,}" if size else f"all {n_all:,}" for size in sizes}.__getitem__,
        key=f"robustness.size.{n_all}",
        persist_state="session",
        help="A sample, drawn with a fixed seed, with each word's share as in the whole. More clips: narrower "
        "intervals, more time.",
    )
    return Question(tuple(found[name] for name in names if name in found), protocol, kind, n_clips)


def _compared(run: RunState, found: list[RunState]) -> list[str]:
    """The model itself, and the one like it whose filters stayed as they were."""
    if run.config is None:
        return [run.name]
    fixed = [
        each.name
        for each in found
        if each.config and each.config.preset == run.config.preset and each.config.front_end.setting == "A"
    ]
    return list(dict.fromkeys([run.name, *fixed[:1]]))


def ask(question: Question, pack: Pack) -> list[Robustness]:
    """What is measured of the models as they are on the clips as they are; the rest is offered to be measured."""
    if not question.runs:
        return []
    answers = {run.name: _fresh(question, run, pack) for run in question.runs}
    missing = [run for run in question.runs if answers[run.name] is None]
    return (
        measured.shown(
            [JOB],
            lambda: [record for record in answers.values() if record is not None],
            lambda _: _offer(question, missing, pack),
            again=bool(missing),
        )
        or []
    )


def _offer(question: Question, missing: list[RunState], pack: Pack) -> None:
    """A button that measures what is not measured yet."""
    names = ", ".join(run.name for run in missing)
    n = clip_choice.n_clips(pack, question.protocol) if question.n_clips is None else question.n_clips
    st.info(
        f"Not measured yet: {names}. On two cores, 600 clips take a few seconds with a linear model and about "
        "half a minute with BC-ResNet 3; it goes on when you leave this page.",
        icon=":material/timer:",
    )
    device = choose_device("robustness.device")
    folders = [run.folder for run in missing]

    def save(found: list[Robustness]) -> None:
        for run, record in zip(missing, found, strict=True):
            keep.save(STUDY, run.folder, question.file(record.dataset), record)

    measured.button(
        f"Measure on {clips(n)}",
        "robustness.start",
        JOB,
        f"Robustness of {names}",
        lambda: measured.kept(partial(_measure, folders, state.data_root(), question, device), save),
    )


def _measure(
    runs: list[Path], root: Path | None, question: Question, device: str, progress: Progress
) -> list[Robustness]:
    dataset = open_data(root, progress=progress)
    return measure(
        runs,
        own_pack() if question.protocol == OWN else dataset,
        question.protocol,
        question.kind,
        n_clips=question.n_clips,
        dataset=dataset,
        device=device,
        progress=progress,
    )


def _fresh(question: Question, run: RunState, pack: Pack) -> Robustness | None:
    record = cache.current(STUDY, run.folder, question.file(pack.title), pack.content)
    return record if record is not None and record.values == VALUES[question.kind] else None


# The point that is listened to


def pick(point: object) -> None:
    """A click on the curve: ``point`` is the ``customdata`` of the figure."""
    names = st.session_state.get("robustness.names", [])
    number, _, step = str(point).partition(",")
    if number.isdigit() and step.isdigit() and int(number) < len(names):
        st.session_state[MODEL], st.session_state[STEP] = names[int(number)], int(step)


def chosen_point(records: list[Robustness]) -> tuple[int, int]:
    """Numbers of the model and of the value that are listened to; the first of all is in the middle of the curve."""
    names = [record.run for record in records]
    st.session_state["robustness.names"] = names
    if st.session_state.get(MODEL) not in names:
        st.session_state[MODEL] = names[0]
    values = records[0].values
    if st.session_state.get(STEP) not in range(len(values)) or st.session_state.get("robustness.of") != records[0].kind:
        st.session_state[STEP] = len(values) - 2
    st.session_state["robustness.of"] = records[0].kind
    return names.index(st.session_state[MODEL]), st.session_state[STEP]


def choose_point(records: list[Robustness], pack: Pack) -> tuple[int, int]:
    """The same by hand."""
    first = records[0]
    st.subheader("Hear what the models heard")
    left, right = st.columns(2)
    left.select_slider(
        "Point of the curve",
        range(len(first.values)),
        key=STEP,
        format_func=[value_text(first.kind, value) for value in first.values].__getitem__,
    )
    right.selectbox("Clips sorted by the answers of", [record.run for record in records], key=MODEL)
    number, step = chosen_point(records)
    point = point_text(first.kind, first.values[step])
    st.markdown(f"{plain(records[number].run)} {point}: **{_counts(records[number], step)}**")
    beside(records, number, step, pack)
    return number, step


def explain(records: list[Robustness]) -> None:
    """How to read the curve, and what it was measured on."""
    first = records[0]
    share, label = first.baseline
    text = (
        "Each line is a model; a steep line is a model that needs ideal conditions. Whiskers show how far the accuracy "
        f"on endlessly many such clips may lie. Measured on {clips_text(first)} ({plain(first.dataset)}), drawn with "
        f"seed {first.seed}; always answering “{word(label)}” would score {percent(share)}. "
    )
    if first.noises:
        text += f"Noises, none of which training heard: {plain(', '.join(map(noise_title, first.noises)))}."
    st.caption(text)


def beside(records: list[Robustness], number: int, step: int, pack: Pack) -> None:
    """The chosen model beside the others at the chosen point, clip by clip."""
    record = records[number]
    others = [one for one in records if one is not record and np.array_equal(one.rows, record.rows)]
    pairs = [pairs_of(other.right[step], record.right[step]) for other in others]
    for other, pair, p in zip(others, pairs, holm([pair.p for pair in pairs]), strict=True):
        verdict = "more than chance explains" if p < SIGNIFICANT else "which chance explains as well"
        corrected = f", corrected for {len(others)} comparisons" if len(others) > 1 else ""
        net = record.right[step].astype(np.int64) - other.right[step]
        by_speaker = group_interval(net, pack.speakers[record.rows].tolist())
        over = f"; over speakers {_from_to(by_speaker)}" if by_speaker else ""
        st.caption(
            f"On the same clips, {plain(record.run)} alone is right on {pair.only_b:,} and {plain(other.run)} alone on "
            f"{pair.only_a:,}: {signed(pair.gain)} points ({_from_to(pair.interval)}{over}), {verdict} "
            f"(McNemar's exact test, {p_text(p)}{corrected})."
        )


def _from_to(interval: Interval) -> str:
    return " to ".join(map(signed, interval))


@st.fragment
def listen(records: list[Robustness], number: int, step: int, pack: Pack, dataset: Pack) -> None:
    """Clips of one point, as the models heard them, with all answers."""
    record = records[number]
    value = record.values[step]
    left, right = st.columns([3, 2])
    options = [name for name in SHOWN if name != "lost" or value != UNCHANGED[record.kind]]
    shown = choose(
        "Clips", {one: SHOWN[one] for one in options}, f"robustness.shown.{len(options)}", place=left, stays=False
    )
    noise = None
    if record.noises:
        titles: dict[int | None, str] = {None: "any", **dict(enumerate(map(noise_title, record.noises)))}
        noise = right.selectbox("Noise", list(titles), format_func=titles.__getitem__, key="robustness.noise")
    numbers = _which(record, step, str(shown), noise)
    if not len(numbers):
        st.info("There is no such clip at this point.", icon=":material/info:")
        return
    n_pages = -(-len(numbers) // PAGE_CLIPS)
    page = st.pagination(n_pages, key=f"robustness.page.{shown}.{noise}") if n_pages > 1 else 1
    changer = cache.changer(pack, dataset, record.protocol, record.kind, record.seed)
    for clip in numbers[(page - 1) * PAGE_CLIPS : page * PAGE_CLIPS]:
        row = int(record.rows[clip])
        changed, clean = changer.sounds(row, (value, UNCHANGED[record.kind]))
        with st.container(border=True):
            about, heard, before = st.columns([4, 3, 3], vertical_alignment="center")
            about.markdown(_about(records, int(clip), step, pack))
            heard.caption(f"As heard {point_text(record.kind, value)}")
            heard.audio(as_wav(changed))
            before.caption("Original")
            before.audio(as_wav(clean))
    st.caption(
        "✓ right, ✗ wrong, with the probability the model gave to its answer. The player plays the very samples that "
        "the models were given."
    )


def _which(record: Robustness, step: int, shown: str, noise: int | None) -> NDArray[np.int64]:
    """Numbers of the clips to list: those that the model was surest of first."""
    right = record.right
    wanted = {
        "lost": right[record.values.index(UNCHANGED[record.kind])] & ~right[step],
        "wrong": ~right[step],
        "right": right[step],
        "all": np.ones(record.n, bool),
    }[shown]
    if noise is not None:
        wanted = wanted & (record.noise == noise)
    numbers = np.flatnonzero(wanted)
    return numbers[np.argsort(-record.scores[step, numbers], kind="stable")]


def _counts(record: Robustness, step: int) -> str:
    accuracy, low, high = (float(each[step]) for each in record.accuracy())
    return (
        f"{int(record.right[step].sum()):,} of {clips(record.n)} right, {percent(accuracy)} "
        f"({100 * low:.1f}–{100 * high:.1f})"
    )


def _about(records: list[Robustness], clip: int, step: int, pack: Pack) -> str:
    """What is said in a clip, and what each model answered."""
    first = records[0]
    row = int(first.rows[clip])
    spoken = word(str(pack.words[row]))
    counted = " (counts as unknown)" if spoken != word(LABELS[int(first.truth[clip])]) else ""
    noise = f" in {plain(noise_title(first.noises[int(first.noise[clip])]))}" if first.noises else ""
    lines = [f"**{spoken}**{counted}{noise}"]
    for record in records:
        mark = ":green[✓]" if record.right[step, clip] else ":red[✗]"
        answer = word(LABELS[int(record.answers[step, clip])])
        lines.append(f"{mark} {plain(record.run)}: {answer}, {percent(float(record.scores[step, clip]))}")
    return "  \n".join(lines)


def numbers(records: list[Robustness]) -> None:
    """The curve as a table, and as a file."""
    first = records[0]
    with st.expander("As numbers", icon=":material/table:"):
        st.dataframe(
            [
                {"Model": record.run} | {_column(first, step): cell for step, cell in enumerate(_cells(record))}
                for record in records
            ],
            hide_index=True,
        )
        st.caption(f"Accuracy in %, in brackets its 95 % interval; {clips_text(first)}.")
        saving.button(
            "Save as CSV",
            as_csv(row for one in records for row in one.as_rows()),
            f"robustness-{first.kind}-{first.protocol}.csv",
            "robustness.csv",
            note="A row for each model and value, and for each noise apart.",
        )


def _column(record: Robustness, step: int) -> str:
    unit = {"noise": " dB", "shift": " ms", "gain": " dB", "speed": " ×"}[record.kind]
    return value_text(record.kind, record.values[step]) + ("" if record.values[step] is None else unit)


def _cells(record: Robustness) -> list[str]:
    return [f"{100 * a:.1f} ({100 * b:.1f}–{100 * c:.1f})" for a, b, c in zip(*record.accuracy(), strict=True)]
