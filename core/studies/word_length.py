"""Does the length of a word matter to a model: accuracy in quarters of the clips, from the shortest words on."""

from __future__ import annotations

import numpy as np

from core.config import SAMPLE_RATE, SILENCE_LABEL
from core.data.pack import Pack
from core.errors import DataError
from core.metrics import chance_of_differences, quartile_scores
from core.records.evaluation import Evaluation
from core.records.word_length import WordLengths
from core.runs import keep
from core.sound.levels import active_span

STUDY = keep.json_study(WordLengths, "word-length", "accuracy by word length")


def word_lengths(evaluation: Evaluation, pack: Pack) -> WordLengths:
    """Accuracy by the length of the word, which is where in its second it is loud (see ``active_span``).

    Args:
        evaluation: A model's answers.
        pack: The clips that it answered.

    Raises:
        DataError: If these are not the clips, or too few of them hold words.
    """
    pack = pack.with_words(evaluation.vocabulary)
    rows = pack.indices(evaluation.protocol)
    if evaluation.clip_files != tuple(pack.files[rows].tolist()):
        raise DataError(f"{pack.title} does not hold the clips of this evaluation. Evaluate again.")
    spoken = evaluation.truth != evaluation.vocabulary.label_of(SILENCE_LABEL)
    spans = np.array([active_span(pack.clip(row)) for row in rows[spoken]])
    if len(spans) < 8:
        raise DataError(f"{len(spans)} clips with words are too few for quarters; eight are the least.")
    right = evaluation.right[spoken]
    lengths_s = (spans[:, 1] - spans[:, 0]) / SAMPLE_RATE
    quarters = quartile_scores(right, lengths_s)
    quarter_of = np.searchsorted([one.start for one in quarters[1:]], lengths_s, side="right")
    words = np.unique(pack.words[rows][spoken], return_inverse=True)[1]
    return WordLengths(
        run=evaluation.run,
        checkpoint=evaluation.checkpoint,
        dataset=evaluation.dataset,
        data_key=pack.content,
        protocol=evaluation.protocol,
        labels=evaluation.labels,
        quarters=quarters,
        p=chance_of_differences(right, [str(one + 1) for one in quarter_of], words),
    )
