"""Every number of an experiment as a table, and as files."""

from __future__ import annotations

import streamlit as st

from core.figures.experiments import signed
from core.files.strict import to_json
from core.records.ablation import Findings, Outcome
from core.records.table import as_csv
from dashboard.shared import saving
from dashboard.shared.wording import percent


def numbers(findings: Findings) -> None:
    """Every number as a table, and as files."""
    kind = findings.experiment.kind
    rows = [("as trained, untouched", findings.untouched), ("learned basis", findings.reference)]
    st.dataframe(
        [_row(name, one) for name, one in [*rows, *((one.name, one) for one in findings.outcomes)]], hide_index=True
    )
    name = f"earshot-{kind}-{findings.run}-{findings.protocol}"
    with st.container(horizontal=True):
        saving.button("CSV", as_csv(findings.as_rows()), f"{name}.csv", f"experiments.csv.{kind}")
        saving.button("JSON", to_json(findings.to_dict(), indent=1), f"{name}.json", f"experiments.json.{kind}")


def _row(name: str, one: Outcome) -> dict[str, str]:
    low, high = one.interval
    worst, best = one.difference_interval
    return {
        "Basis": name,
        "Accuracy": percent(one.accuracy),
        "95 % interval": f"{100 * low:.1f}–{percent(high)}",
        "Difference (points)": signed(one.difference),
        "Its 95 % interval": f"{signed(worst)} to {signed(best)}",
        "Over speakers": " to ".join(map(signed, one.speaker_interval)) if one.speaker_interval else "–",
        "Clips": f"{one.n:,}",
    }
