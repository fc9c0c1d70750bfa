"""What can be asked of a trained model's basis, and on how many clips the question is answered while a page waits."""

from __future__ import annotations

from core.config import CAUSAL
from core.errors import ConfigError
from core.records.ablation import ExperimentKind
from core.text import shortened

ABOUT_THE_BASIS = ("interpolation", "swap", "gain-shape")
"""Experiments that compare the learned with the initial basis, and need a model that has trained it."""


WHY_RECOMPUTED = (
    "Between filters and network each band is brought to mean 0 and deviation 1, with numbers kept from training: "
    "a filter that only got louder would shift its band, and the network would fail for the shift and not for what "
    "was lost. So those numbers are measured anew for each basis, on validation clips and never on test clips; "
    "“as training left them” shows what this very model would do."
)
"""Why experiments recompute the normalisation unless asked otherwise."""

STEPS = 11
"""Points from initial (0) to learned (1), both included."""

PAPER_BINS = (25, 49)
"""First and last STFT bin that Heung, Cheuk and Herremans (2022, arXiv 2204.11437) silenced."""

QUICK_PASSES = {
    "linear": 1_000_000,
    "bcresnet-1": 12_000,
    "bcresnet-1.5": 8_000,
    "bcresnet-2": 6_000,
    "bcresnet-3": 4_000,
    "bcresnet-6": 1_000,
    "bcresnet-8": 600,
    "embedding": 600,
}
"""Clips that a network answers within about ten seconds on two cores, counting a clip once for each changed basis. A
causal one takes as long as the one that sees both sides."""

FEWEST_CLIPS = 60
"""A sample is never smaller: five clips of each label."""

NEARLY_ALL = 0.75
"""From this share of the clips on, all of them are asked: a sample would save little."""


def n_quick(model: str, n_variants: int, n_clips: int) -> int:
    """How many of ``n_clips`` are asked for a quick answer, when each of ``n_variants`` bases has to answer them.

    >>> n_quick("linear", 41, 2427), n_quick("bcresnet-3", 41, 2427), n_quick("bcresnet-3", 4, 2427)
    (2427, 97, 1000)
    """
    n = max(FEWEST_CLIPS, QUICK_PASSES[model.removesuffix(CAUSAL)] // n_variants)
    return n if n < NEARLY_ALL * n_clips else n_clips


def n_variants(kind: ExperimentKind, setting: str, n_mels: int) -> int:
    """How many bases an experiment asks the network about, the model's own included.

    >>> from core.records.ablation import KINDS
    >>> [n_variants(kind, "D", 40) for kind in KINDS]
    [11, 4, 7, 2, 41]
    """
    both = setting == "D"
    return {
        "interpolation": STEPS,
        "swap": 4 if both else 2,
        "gain-shape": 7 if both else 3,
        "mask": 2,
        "occlusion": n_mels + 1,
    }[kind]


def parse_numbers(text: str, n: int, what: str) -> tuple[int, ...]:
    """Numbers and spans such as "3,25-49" as a sorted tuple.

    Args:
        text: What a person wrote.
        n: How many there are, counted from 0.
        what: What they number, for the message.

    Raises:
        ConfigError: If it is no such list, or a number is too large.

    >>> parse_numbers("3,5-7", 40, "mel filters")
    (3, 5, 6, 7)
    """
    shown = shortened(text)
    try:
        pairs = [part.partition("-") for piece in text.replace("–", "-").split(",") if (part := piece.strip())]
        spans = [(int(first), int(last or first)) for first, _, last in pairs]
    except ValueError as error:
        raise ConfigError(f"{shown!r} are no {what}. Write numbers and spans, such as 3,25-49.") from error
    if not spans or not all(0 <= first <= last < n for first, last in spans):
        raise ConfigError(f"{shown!r} are no {what} of this model, which has them from 0 to {n - 1}.")
    return tuple(sorted({number for first, last in spans for number in range(first, last + 1)}))


def as_spans(numbers: tuple[int, ...]) -> str:
    """Sorted numbers as people write them.

    >>> as_spans((3, 5, 6, 7))
    '3, 5–7'
    """
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(f"{first}" if first == last else f"{first}–{last}" for first, last in spans)
