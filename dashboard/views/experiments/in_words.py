"""What came out of an experiment, in sentences: each says whether luck alone would hardly do it."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.figures.experiments import signed
from core.records.ablation import Findings, Outcome
from dashboard.shared.wording import percent, plain


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
        text = "No single filter's loss is clear on these clips"
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
