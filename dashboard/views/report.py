"""What a report will hold, before it is written."""

from __future__ import annotations

import streamlit as st

from core.runs import RunState, keep
from dashboard.shared import cache, places
from dashboard.shared.wording import interval, percent, plain, word

IN_IT = (
    "- **What it learned:** its filters before and after, and how they moved while it trained\n"
    "- **What that is worth:** the scores below, each with its confusion matrix and the scores of every word\n"
    "- **How to repeat it:** all settings, the commands, versions of the libraries, fingerprints of model and clips"
)


def facts(run: RunState) -> None:
    """The model, and the scores that the report will give."""
    if run.config is not None:
        trained = f" Trained on {plain(run.dataset)}, best epoch {run.best_epoch or '–'}." if run.dataset else ""
        st.markdown(f"**{plain(run.config.title)}.**{trained}")
    st.markdown(IN_IT)
    rows, outdated = [], []
    for (dataset, _), path in cache.evaluations(run.folder).items():
        evaluation, scores = cache.evaluation(path)
        if keep.why_outdated(evaluation, run.folder):
            outdated.append(f"{evaluation.clips_title} of {dataset}")
            continue
        rows.append(
            {
                "Clips": evaluation.clips_title.capitalize(),
                "What they are": evaluation.clips_note,
                "Dataset": dataset,
                "Number": scores.n,
                "Accuracy": percent(scores.accuracy),
                "95 % interval": interval(*scores.interval),
                "Trivial baseline": f"{percent(scores.baseline)} (always “{word(scores.baseline_label)}”)",
            }
        )
    if rows:
        st.dataframe(rows, hide_index=True, height="content")
    else:
        st.info("It has no score that holds yet, so the report will hold none.", icon=":material/info:")
        places.link("evaluation", "Go to Score")
    if outdated:
        st.caption(f"Left out, since the model was trained further since: {plain('; '.join(outdated))}.")
