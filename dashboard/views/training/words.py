"""What a new run tells apart: the usual words, every word of the dataset, or some of them and the rest unknown."""

from __future__ import annotations

import streamlit as st

from core.config import ALL_35, FEWEST_WORDS, KEYWORDS, MOST_WORDS, SILENCE_LABEL, TWELVE, Vocabulary
from core.data import words
from core.data.source import OTHER_WORD, DataSummary
from core.runs import RunState
from dashboard.shared import cache, clip_choice, state

WAY, CHOSEN = "training.words", "training.words.chosen"
"""Session-state keys: which of the three, and the words that were chosen one by one."""

USUAL, EVERY, SOME = "usual", "every", "some"

WAYS = {
    USUAL: f"The usual {len(KEYWORDS)} words, silence and unknown",
    EVERY: "Every word by its name",
    SOME: "Some words, the rest unknown",
}


def choose(start: RunState | None) -> Vocabulary | None:
    """The fold with the choice; None where too few words are chosen.

    A run that begins with a trained model keeps that model's words, unless the dataset is a folder of other words.

    Args:
        start: The model to begin with.

    Raises:
        ConfigError: If too many words are chosen.
        DataError: If the dataset cannot be read.
    """
    usual = of_dataset()
    if start is not None:
        known = clip_choice.vocabulary_of(start)
        if usual == TWELVE:
            st.caption(f"Words: {title(known)}, as the model that it begins with.")
            return known
        st.caption(f"Words: the {usual.title} of this folder{_besides(usual)}.")
        return usual
    way = st.session_state.get(WAY, USUAL)
    ways = WAYS if usual == TWELVE else {**WAYS, USUAL: f"The {usual.title} of this folder{_besides(usual)}"}
    # The names are asked for only where somebody chooses among them.
    found = _trained() if way != USUAL else ()
    with st.expander(f"Words: {ways[way].lower()}", icon=":material/translate:"):
        st.radio(
            "What is told apart",
            list(ways),
            format_func=ways.__getitem__,
            key=WAY,
            persist_state="session",
            help="Every word by its name, without silence and unknown, is the 35-word protocol of Speech Commands v2.",
        )
        if way == USUAL:
            return usual
        if way == EVERY:
            return words.chosen([words.ALL], found)
        spoken = [word for word in found if word not in (SILENCE_LABEL, OTHER_WORD)]
        st.session_state[CHOSEN] = [word for word in st.session_state.get(CHOSEN, ()) if word in spoken]
        chosen: list[str] = st.multiselect(
            "Words of the dataset",
            spoken,
            key=CHOSEN,
            persist_state="session",
            max_selections=MOST_WORDS,
            placeholder="such as yes, no, marvin",
        )
        if len(chosen) < FEWEST_WORDS:
            st.caption(f"Choose at least {FEWEST_WORDS} words.")
            return None
        return words.chosen(chosen, found)


def title(vocabulary: Vocabulary) -> str:
    """What is told apart, in a few words."""
    if vocabulary == TWELVE:
        return f"{WAYS[USUAL][:1].lower()}{WAYS[USUAL][1:]}"
    return "the 35-word protocol" if vocabulary == ALL_35 else vocabulary.title


def _besides(vocabulary: Vocabulary) -> str:
    others = [name for name, is_there in (("silence", vocabulary.silence), ("unknown", vocabulary.unknown)) if is_there]
    return f", {' and '.join(others)}" if others else ""


def of_dataset() -> Vocabulary:
    """What the chosen dataset's clips are told apart as unless somebody chooses."""
    root, pack = state.data_root(), clip_choice.dataset()
    if root is None:
        return TWELVE
    return (cache.check(root) if pack is None else cache.summary(pack)).vocabulary


def _trained() -> tuple[str, ...]:
    """Words, and silence, that the chosen dataset has training clips of."""
    root, pack = state.data_root(), clip_choice.dataset()
    if pack is not None:
        return _in_training(cache.summary(pack))
    return words.trained_words(None) if root is None else _in_training(cache.check(root))


def _in_training(summary: DataSummary) -> tuple[str, ...]:
    counts = summary.word_counts[:, summary.splits.index("train")].tolist()
    return tuple(word for word, n in zip(summary.words, counts, strict=True) if n)
