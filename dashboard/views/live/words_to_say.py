"""What can be said to a model, in the words at the head of Try."""

from __future__ import annotations

from core.config import Vocabulary

_NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def heading(vocabulary: Vocabulary) -> str:
    """The title of the page.

    >>> heading(Vocabulary()), heading(Vocabulary(words=tuple(map(str, range(35)))))
    ('Say one of ten words', 'Say one of 35 words')
    >>> heading(Vocabulary(words=("computer",)))
    'Say “computer”'
    """
    if len(vocabulary.words) == 1:
        return f"Say “{vocabulary.words[0]}”"
    return f"Say one of {_number(vocabulary)} words"


def sentence(vocabulary: Vocabulary) -> str:
    """Which words, and what the model can answer.

    >>> sentence(Vocabulary(words=("no", "stop", "yes"), silence=False))
    'No, stop or yes. The model hears one second of sound at a time and says which of the three words it was, or an \
unknown word.'
    >>> sentence(Vocabulary(words=("computer",), silence=False))
    'Computer. The model hears one second of sound at a time and says whether it was the word, or an unknown word.'
    """
    *most, last = vocabulary.words
    words = f"{', '.join(most)} or {last}" if most else last
    which = f"which of the {_number(vocabulary)} words it was" if most else "whether it was the word"
    others = [
        answer
        for answer, is_there in (("silence", vocabulary.silence), ("an unknown word", vocabulary.unknown))
        if is_there
    ]
    return (
        f"{words[:1].upper()}{words[1:]}. The model hears one second of sound at a time and says {which}"
        f"{''.join(f', or {answer}' for answer in others)}."
    )


def _number(vocabulary: Vocabulary) -> str:
    n = len(vocabulary.words)
    return _NUMBERS[n - 2] if n - 2 < len(_NUMBERS) else str(n)
