"""How a training went: the best epoch, what the filters did meanwhile, and what there was to learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.figures.findings.phrases import clips, share, word
from core.records.training import EpochReport

NO_EPOCH = "No epoch is finished yet."


def curves(reports: Sequence[EpochReport]) -> str:
    """The best epoch by the validation clips."""
    if not reports:
        return NO_EPOCH
    last = reports[-1]
    best = best_epoch(reports)
    if best is None:
        return f"Epoch {last.epoch}: {share(last.train_accuracy)} of the training clips right. Not validated yet."
    return (
        f"Best on the validation clips: epoch {best.epoch}, {share(best.validation_accuracy or 0.0)} right"
        f"{f'; no better since, up to epoch {last.epoch}' if last.epoch > best.epoch else ''}."
    )


def best_epoch(reports: Sequence[EpochReport]) -> EpochReport | None:
    """The latest epoch that was the best so far."""
    return next(
        (report for report in reversed(reports) if report.is_best and report.validation_accuracy is not None), None
    )


def movement(reports: Sequence[EpochReport]) -> str:
    """How far mel filters and STFT kernels are from where they began."""
    if not reports:
        return NO_EPOCH
    sides = {"mel filters": reports[-1].mel_change, "STFT kernels": reports[-1].stft_change}
    moved = [f"the {name} by {100 * change:.3g} % of their size" for name, change in sides.items() if change]
    still = "".join(f"; not moved: {name}" for name, change in sides.items() if not change)
    if not moved:
        return "Nothing moved: neither mel filters nor STFT kernels are trained, or not yet."
    return f"Moved: {', '.join(moved)}{still}."


def several_curves(reports: Mapping[str, Sequence[EpochReport]], *, on_training_clips: bool) -> str:
    """Which run came highest, and in which epoch."""
    found = [
        (report.train_accuracy if on_training_clips else report.validation_accuracy or 0.0, -report.epoch, name)
        for name, own in reports.items()
        for report in own
        if on_training_clips or report.validation_accuracy is not None
    ]
    if not found:
        return "No epoch of these runs was noted."
    top, epoch, name = max(found)
    which = "training" if on_training_clips else "validation"
    return f"Highest on its {which} clips: {name}, {share(top)} in epoch {-epoch}."


def words(counts: Mapping[str, int]) -> str:
    """Which word has most clips and which fewest."""
    if not counts:
        return "There are no clips: 0 clips of 0 words."
    most, fewest = max(counts, key=lambda name: counts[name]), min(counts, key=lambda name: counts[name])
    total = f"{clips(sum(counts.values()))} of {len(counts)} word{'s' * (len(counts) != 1)}"
    if counts[most] == counts[fewest]:
        return f"{total}, {counts[most]:,} of each."
    return f"{total}: most of {word(most)} ({counts[most]:,}), fewest of {word(fewest)} ({counts[fewest]:,})."
