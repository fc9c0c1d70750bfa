"""Enrolling words: joins ``core.training.enrolment`` (memory) with the folder of a run (files)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from core.config import SILENCE_LABEL, ListeningConfig, RunConfig
from core.data.pack import open_data, open_to_enrol
from core.data.source import Progress
from core.data.talk import talk
from core.device import choose_device
from core.errors import CheckpointError, ConfigError
from core.fast import choose
from core.files.strict import read_arrays
from core.files.writing import write_arrays
from core.models import KeywordSpotter
from core.models.embedding import SpeechEmbedding
from core.records.enrolment import Enrolment
from core.runs import BEST, PROJECT, keep
from core.studies.enrolment import STUDY, content_of
from core.studies.listening import operating_point
from core.training import enrolment
from core.training.checkpoint import Checkpoint, checkpoint_of, save_checkpoint
from core.training.enrolment import Talk
from core.training.presets import EMBEDDING
from core.training.start import begin_with

TALK_FILE = "talk-embedded.npz"
"""Embeddings of talk, beside the model that made them."""


@dataclass(frozen=True, eq=False)
class Enrolled:
    """What came of an enrolment, nothing of it kept yet."""

    checkpoint: Checkpoint
    listening: ListeningConfig
    report: Enrolment


def enrol(
    folder: Path,
    config: RunConfig,
    start: Checkpoint,
    words: Path,
    background: tuple[Path, ...],
    device: str | None,
    progress: Progress | None = None,
) -> Enrolled:
    """Learn the words of a folder.

    Args:
        folder: Of the run.
        config: Its settings.
        start: The model that hears.
        words: A folder with a folder of recordings for each word.
        background: Recordings, or folders of them, in which nobody says the words.
        device: "cpu" or "cuda"; None for the fastest.
        progress: Called with what is done; raising in it cancels.

    Raises:
        DataError: If there is nothing to learn from.
        ConfigError: If the model has no speech embedding.
    """
    where = choose_device(device)
    model = choose.model(config, where)
    if not isinstance(model.network, SpeechEmbedding):
        raise ConfigError(
            f"{config.start.name} has no speech embedding, so no words can be enrolled with it alone. Enrol them with "
            f"{EMBEDDING}, or train it whole on them: train --from {config.start.name} --data {words}."
        )
    begin_with(model, start, config.vocabulary)
    model.eval()
    data = open_to_enrol(words, background, progress=progress)
    heard = enrolment.hear(model, data, _talk(model, config, progress), where, config, progress)
    unheard = enrolment.answers_unheard(heard, progress)
    threshold = enrolment.choose_threshold(unheard, heard)
    _replace_head(model, enrolment.fit(heard))
    rows = (data.splits == "train") & (data.labels >= 0)
    report = Enrolment(
        run=folder.name,
        words=tuple(enrolment.score_words(unheard, heard, threshold)),
        threshold=threshold,
        false_alarms=enrolment.false_alarms(unheard, heard, threshold),
        hours=heard.talk.hours,
        talk=heard.talk.title,
        data_key=data.content,
        heard=tuple(sorted({content_of(clip) for clip in data.clips[rows]})),
    )
    share = report.right / report.n if report.n else None
    checkpoint = checkpoint_of(model, config, epoch=1, validation_accuracy=share, dataset=data.title)
    return Enrolled(checkpoint, replace(enrolment.LISTENING, threshold=threshold), report)


def keep_enrolled(folder: Path, enrolled: Enrolled) -> None:
    """Keep the model, what it listens with and what is known of it, in the folder of its run."""
    save_checkpoint(folder / BEST, enrolled.checkpoint)
    operating_point.save(folder, enrolled.listening)
    keep.save(STUDY, folder, STUDY.file(), replace(enrolled.report, checkpoint=keep.model_hash(folder)))


def _replace_head(model: KeywordSpotter, head: enrolment.Head) -> None:
    last = model.network.classify
    assert isinstance(last, torch.nn.Linear)
    with torch.no_grad():
        last.weight.copy_(torch.from_numpy(head.weight))
        last.bias.copy_(torch.from_numpy(head.bias))


# Talk that is none of the words


def _talk(model: KeywordSpotter, config: RunConfig, progress: Progress | None) -> Talk:
    """What came with the model, if it is this model's; else the demo words and talk made of them, embedded now."""
    shipped = PROJECT / "checkpoints" / EMBEDDING
    if config.start.checkpoint == keep.model_hash(shipped):
        return read_talk(shipped / TALK_FILE)
    demo = open_data(None, progress=progress)
    rows = np.flatnonzero((demo.splits == "train") & (demo.words != SILENCE_LABEL))
    made = list(talk(demo, config.training.seed).values())
    title = "talk made of the demo words"
    return enrolment.embed_talk(model, title, made, demo.clips[rows], demo.words[rows], progress)


def write_talk(file: Path, talk: Talk) -> None:
    """Keep what is none of the words, in half precision."""
    halves = {"embeddings": talk.embeddings.astype(np.float16), "words": talk.words.astype(np.float16)}
    whole = {"recording": talk.recording.astype(np.int32), "said": talk.said}
    write_arrays(file, {**halves, **whole, "hop_s": np.float64(talk.hop_s), "title": np.str_(talk.title)})


def read_talk(file: Path) -> Talk:
    """What is none of the words.

    Raises:
        CheckpointError: If the file is missing or damaged.
    """
    try:
        saved = read_arrays(file, _TALK_ARRAYS)
    except ValueError as error:
        raise CheckpointError(f"{error}. Install the project again.") from error
    return Talk(
        title=str(saved["title"]),
        embeddings=saved["embeddings"].astype(np.float32),
        recording=saved["recording"].astype(np.int64),
        hop_s=float(saved["hop_s"]),
        words=saved["words"].astype(np.float32),
        said=saved["said"],
    )


_TALK_ARRAYS = {
    "title": "U",
    "embeddings": "f n 288",
    "recording": "i n",
    "hop_s": "f",
    "words": "f m 288",
    "said": "U m",
}
