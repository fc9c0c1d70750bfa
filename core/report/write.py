"""From a run's folder to HTML that needs no server and no network."""

from __future__ import annotations

import hashlib
import html
import importlib.metadata
import platform
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import plotly.graph_objects as go

from core import __version__, figures, runs
from core.config import AT_ONCE, ENROLMENT, OWN, PROTOCOLS, ROOM, SETTINGS, TWELVE, RunConfig
from core.data import words
from core.errors import DataError, RunError
from core.figures import style
from core.files.writing import write_bytes
from core.frontend.filter_facts import filter_facts
from core.records.evaluation import Evaluation
from core.records.filters import Filters
from core.records.room import FITTED
from core.records.training import EpochReport
from core.runs import keep
from core.studies import room
from core.studies.comparison import flat_settings
from core.studies.evaluation import STUDY, scores
from core.training.checkpoint import Checkpoint, load_checkpoint
from core.training.presets import train_options


def html_report(folder: Path) -> str:
    """A run's report: figures, tables, protocols, versions, seed, fingerprints, and commands that repeat it.

    Args:
        folder: The run's folder; its kept evaluations are reported, nothing is measured anew.

    Raises:
        CheckpointError: If the model cannot be loaded.
        RunError: If ``folder`` is no run's folder.
    """
    if not folder.is_dir():
        raise RunError(
            f"{folder} is no run's folder. A report needs one, since scores and curves lie beside the model."
        )
    checkpoint = load_checkpoint(folder)
    reports = runs.read_progress(folder)
    evaluations, unreadable = _evaluations(folder)
    draw = _Drawing()
    drawn_room = None
    try:
        drawn_room = _room(folder, draw)
    except DataError as error:
        unreadable.append(str(error))
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files(__package__).joinpath("report.html.jinja").read_text("utf-8"))
    config = checkpoint.config
    text: str = template.render(
        style=style,
        name=folder.name,
        title=config.title,
        setting=config.front_end.setting,
        setting_meaning=SETTINGS[config.front_end.setting],
        dataset=checkpoint.dataset or "unknown",
        epoch=checkpoint.epoch,
        validation_accuracy=checkpoint.validation_accuracy,
        seed=config.training.seed,
        moment=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        measured=[_measured(evaluation, draw) for evaluation in evaluations],
        unreadable=unreadable,
        chosen_by_validation=config.preset not in AT_ONCE,
        room=drawn_room,
        learned=list(_learned(checkpoint.filters(), draw)),
        training=list(_training(reports, draw)),
        commands=_commands(folder, checkpoint, evaluations),
        settings=[(".".join(filter(None, name)), str(value)) for name, value in flat_settings(config).items()],
        fingerprints=_fingerprints(folder, evaluations),
        versions=_versions(),
    )
    # A folder's name may hold bytes that are no text, and a page has to be in UTF-8.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def write_report(folder: Path, path: Path) -> None:
    """Write a run's report, whole or not at all.

    Raises:
        CheckpointError: If the model cannot be loaded.
        RunError: If the file cannot be written.
    """
    content = html_report(folder)
    try:
        write_bytes(path, content.encode())
    except OSError as error:
        raise RunError(f"The report cannot be written to {path} ({error.strerror}). Choose another place.") from error


class _Drawing:
    """Figures to HTML, each below what it shows; the first one brings plotly's program along, for all of them."""

    def __init__(self) -> None:
        self._first = True

    def __call__(self, figure: go.Figure) -> str:
        finding = f"<p>{html.escape(style.finding_of(figure))}</p>\n"
        text: str = figure.to_html(
            full_html=False, include_plotlyjs=self._first, config={"displaylogo": False, "responsive": True}
        )
        self._first = False
        return finding + text


def _evaluations(folder: Path) -> tuple[list[Evaluation], list[str]]:
    """Kept evaluations in the order of the protocols, and why some are left out."""
    found, unreadable = [], []
    for path in keep.find_all(folder, STUDY):
        try:
            one = keep.load(STUDY, path)
            outdated = keep.why_outdated(one, folder)
            if outdated:
                raise DataError(f"The evaluation {path.name} is left out. {outdated} Evaluate again.")
            found.append(one)
        except DataError as error:
            unreadable.append(str(error))
    order = list(PROTOCOLS)
    return sorted(found, key=lambda one: (order.index(one.protocol), one.dataset)), unreadable


def _measured(evaluation: Evaluation, draw: _Drawing) -> dict[str, Any]:
    return {
        "protocol": evaluation.clips_title,
        "note": evaluation.clips_note,
        "dataset": evaluation.dataset,
        "scores": scores(evaluation),
        "figures": [
            (
                draw(figures.class_scores_bars(scores(evaluation))),
                "Precision: of the clips called this word, how many were. Recall: of its clips, how many were found.",
            ),
            (
                draw(figures.confusion_matrix(evaluation)),
                "Rows are the true words, columns the answers: the diagonal is right.",
            ),
        ],
    }


def _learned(filters: Filters, draw: _Drawing) -> Iterator[tuple[str, str]]:
    yield (
        draw(figures.overlaid_mel_filters(filters)),
        "Each curve is one mel filter: high where it listens. Dashed grey: initial. Solid blue: learned.",
    )
    yield (
        draw(figures.filter_spans(filter_facts(filters), filters.sample_rate)),
        "A dot where each filter listens, a bar as wide as it hears.",
    )
    if filters.trains_mel:
        yield draw(figures.mel_heatmaps(filters)), "Below: orange grew in training, blue shrank, white stayed."
    if filters.trains_stft:
        yield (
            draw(figures.kernel_heatmaps(filters)),
            "A row is a bin of the STFT, a column the frequency of a tone; bright is a strong answer.",
        )


def _training(reports: list[EpochReport], draw: _Drawing) -> Iterator[tuple[str, str]]:
    if not reports:
        return
    yield draw(figures.training_curves(reports)), "Validation clips are never trained on."
    yield draw(figures.filter_movement(reports)), "How far the filters moved from where they began; 0 % is no change."


def _commands(folder: Path, checkpoint: Checkpoint, evaluations: list[Evaluation]) -> list[str]:
    """What to type to train and to measure it again."""
    config = checkpoint.config
    if checkpoint.origin == "tutorial":
        return []
    measure = [
        f"python -m core evaluate {shlex.quote(folder.name)} "
        + ("--data own" if one.protocol == OWN else f"--data ROOT --protocol {one.protocol}")
        for one in evaluations
    ]
    return [_made_by(folder.name, config), *dict.fromkeys(measure)]


def _made_by(name: str, config: RunConfig) -> str:
    """The command that makes such a run."""
    start, seed = shlex.quote(config.start.name), config.training.seed
    if config.preset == ROOM:
        return f"python -m core adapt {start} --room ROOM.wav --data ROOT --seed {seed}"
    if config.preset == ENROLMENT:
        return f"python -m core enrol {shlex.quote(name)} --words FOLDER --from {start} --seed {seed}"
    told_apart = "" if config.vocabulary == TWELVE else f" --words {shlex.quote(words.named(config.vocabulary))}"
    return f"python -m core train {shlex.join(train_options(config))} --data ROOT{told_apart}"


def _room(folder: Path, draw: _Drawing) -> tuple[str, str] | None:
    """Of a model that was fitted to a room, before and after."""
    report = room.kept(folder)
    if report is None:
        return None
    what = f"{report.start} with {FITTED[report.fitted]} fitted to {report.room_s:.0f} s of a room's noise"
    return draw(figures.before_and_after(report)), f"{what}; words of {report.dataset}."


def _fingerprints(folder: Path, evaluations: list[Evaluation]) -> list[tuple[str, str]]:
    """What was loaded and measured, by content: SHA-256 sums."""
    rows = [(f"{runs.BEST} (weights)", keep.model_hash(folder))]
    for one in evaluations:
        clips = hashlib.sha256("\n".join(one.clip_files).encode()).hexdigest()
        rows.append((f"names of the clips, {one.clips_title}, {one.dataset}", clips))
        if one.data_key:
            rows.append((f"their content, {one.clips_title}, {one.dataset}", one.data_key))
    return rows


def _versions() -> list[tuple[str, str]]:
    libraries = ("torch", "nnAudio", "librosa", "numpy", "scikit-learn", "plotly")
    return [
        ("earshot", __version__),
        ("Python", platform.python_version()),
        *((name, importlib.metadata.version(name)) for name in libraries),
    ]
