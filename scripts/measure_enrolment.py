"""How well few recordings teach words: episodes on real recordings, by ``enrol`` itself.

    python scripts/measure_enrolment.py WORDS TALK [--shots 5 10] [--draws 10]

In each draw some recordings of every word in WORDS are enrolled. All others are answered: one by one as ``classify``
does, and along the recording as a listener does. False alarms are counted in the recordings of TALK that the shipped
model's own examples leave alone (see ``scripts/ship_embedding.py``). Everything is embedded once; each draw then fits
what ``enrol`` fits. Speakers are apart where the names of the files tell them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core import runs
from core.config import CLIP_SAMPLES, SAMPLE_RATE, Vocabulary
from core.data.pack import open_to_enrol
from core.jobs.enrolment import TALK_FILE, read_talk
from core.sound.reading import read_audio
from core.sound.word_second import word_second
from core.training import enrolment
from core.training.checkpoint import load_checkpoint
from core.training.presets import EMBEDDING, enrolled

SHIPPED = runs.PROJECT / "checkpoints" / EMBEDDING
LISTENING = enrolment.LISTENING
HOP = round(LISTENING.hop_s * SAMPLE_RATE)
AVERAGE, COUNT = round(LISTENING.average_s / LISTENING.hop_s), LISTENING.minimum_count


def windows(waveform: NDArray[np.float32]) -> NDArray[np.int16]:
    """Every second of a recording that a listener hears, silence before and after it included."""
    padded = np.pad(waveform, (CLIP_SAMPLES // 2, CLIP_SAMPLES))
    return np.lib.stride_tricks.sliding_window_view(np.rint(padded * 32767).astype(np.int16), CLIP_SAMPLES)[::HOP]


def peak(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each word (n_words,), the highest threshold that is reached ``COUNT`` times in a row, averaged."""
    sums = np.cumsum(np.concatenate([np.zeros((AVERAGE, probabilities.shape[1])), probabilities]), axis=0)
    averaged = (sums[AVERAGE:] - sums[:-AVERAGE]) / AVERAGE
    held = np.lib.stride_tricks.sliding_window_view(averaged, COUNT, axis=0).min(axis=2)
    return np.asarray(held.max(axis=0))


def main(words_folder: Path, talk_folder: Path, shots: list[int], draws: int) -> None:
    """Print a table."""
    model = load_checkpoint(SHIPPED).model()
    files = {
        folder.name: sorted(path for path in folder.iterdir() if path.is_file())
        for folder in sorted(words_folder.iterdir())
        if folder.is_dir() and folder.name[0] != "_"
    }
    vocabulary = Vocabulary(words=tuple(files), silence=False)
    names = [(word, path) for word, paths in files.items() for path in paths]
    sounds = [read_audio(path).waveform for _, path in names]
    truth = np.array([vocabulary.label_of(word) for word, _ in names])
    seconds = np.stack([np.rint(word_second(sound)[0] * 32767).astype(np.int16) for sound in sounds])
    quiet = lambda _n: None  # noqa: E731
    one_each = enrolment.embed_clips(model, seconds, quiet)
    along = [enrolment.embed_clips(model, windows(sound), quiet) for sound in sounds]
    measured = [p for p in sorted(talk_folder.iterdir()) if hashlib.sha256(p.name.encode()).hexdigest() >= "8"]
    talked = [read_audio(path).waveform for path in measured]
    hours = sum(map(len, talked)) / SAMPLE_RATE / 3600
    talk = [enrolment.embed_clips(model, windows(sound), quiet) for sound in talked]
    print(f"{len(names)} recordings of {len(files)} words; {hours:.2f} h of talk in {len(talk)} recordings")
    pack = open_to_enrol(words_folder)
    row_of = {str(file).partition("@")[0]: row for row, file in reversed(list(enumerate(pack.files)))}
    config = enrolled(load_checkpoint(SHIPPED).config, vocabulary)
    shipped_talk = read_talk(SHIPPED / TALK_FILE)
    # Every recording and its copies once: which are enrolled is drawn below.
    rows = [row_of[path.relative_to(words_folder).as_posix()] for _, path in names]
    all_heard = enrolment.hear(model, pack.with_words(vocabulary), shipped_talk, torch.device("cpu"), config)
    spoken = np.flatnonzero((pack.splits == "train") & np.isin(pack.words, vocabulary.words))
    place = {int(row): number for number, row in enumerate(spoken)}
    at = np.array([place[row] for row in rows])
    for n in shots:
        found = []
        for draw in range(draws):
            rng = np.random.default_rng(draw)
            chosen = np.concatenate([rng.permutation(np.flatnonzero(truth == k))[:n] for k in range(len(files))])
            tested = np.setdiff1d(np.arange(len(names)), chosen)
            heard = enrolment.Heard(
                vocabulary,
                all_heard.recordings[at[chosen]],
                all_heard.copies[at[chosen]],
                truth[chosen],
                all_heard.others[:0],
                shipped_talk,
            )
            unheard = enrolment.answers_unheard(heard)
            own = enrolment.choose_threshold(unheard, heard)
            head, n_words = enrolment.fit(heard), len(files)
            answers = head.probabilities(one_each[tested])
            peaks = np.stack([peak(head.probabilities(along[k])[:, :n_words]) for k in tested])
            alarms = np.sort([peak(head.probabilities(one)[:, :n_words]).max() for one in talk])[::-1]
            said = truth[tested]
            right = peaks.argmax(axis=1) == said
            at_one = float(alarms[int(hours)])
            found.append(
                [
                    (answers[:, :n_words].argmax(axis=1) == said).mean(),
                    (answers.argmax(axis=1) == said).mean(),
                    (right & (peaks.max(axis=1) > at_one)).mean(),
                    (right & (peaks.max(axis=1) >= own)).mean(),
                    (alarms >= own).sum() / hours,
                    own,
                ]
            )
        table = np.array(found)
        titles = (
            "right of the words",
            "label right",
            "detected at 1 an hour",
            "detected at own threshold",
            "false alarms an hour at it",
            "own threshold",
        )
        print(
            json.dumps(
                {
                    "shots": n,
                    "draws": draws,
                    **{
                        title: [round(float(v), 4) for v in (column.mean(), column.min(), column.max())]
                        for title, column in zip(titles, table.T, strict=True)
                    },
                }
            )
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", type=Path)
    parser.add_argument("talk", type=Path)
    parser.add_argument("--shots", type=int, nargs="+", default=[5, 10])
    parser.add_argument("--draws", type=int, default=10)
    options = parser.parse_args()
    main(options.words, options.talk, options.shots, options.draws)
