"""Pictures of a model's answers to sound: one second, or window after window of a longer clip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from core.figures import style
from core.results import Prediction


def ranked_words(prediction: Prediction, top: int = 5, *, title: str | None = None) -> go.Figure:
    """The most probable words for one second of sound, best first.

    Args:
        prediction: The model's answer.
        top: Number of words shown.
        title: Title; None writes one.

    Returns:
        Figure with the bars "probability" (%).
    """
    ranking = prediction.ranking[:top]
    words = [style.word_text(label) for label, _ in ranking]
    percents = [100 * probability for _, probability in ranking]
    figure = go.Figure(
        go.Bar(
            x=percents,
            y=words,
            orientation="h",
            name="probability",
            text=[f"{each:.1f} %" for each in percents],
            textposition="outside",
            cliponaxis=False,
            marker={"color": [style.LEARNED_COLOUR] + ["#9fb3c8"] * (len(words) - 1)},
            hovertemplate="%{y}: %{x:.1f} % probable<extra></extra>",
        )
    )
    figure.update_xaxes(title_text="Probability (%)", range=[0, 118], tickvals=[0, 25, 50, 75, 100])
    figure.update_yaxes(title_text="Word (best first)", categoryorder="array", categoryarray=words[::-1])
    title = title or f"Answer: {words[0]}, {percents[0]:.0f}{style.NBSP}%"
    return style.finish(figure, title=title, height=34 * len(words) + 16)


def word_timeline(predictions: Sequence[Prediction], *, top: int = 5, title: str | None = None) -> go.Figure:
    """Which word wins in each window of a longer sound, and how probable the strongest words are.

    Args:
        predictions: Answers window by window, in order of time; may be empty.
        top: Number of words shown: those that win most often, then those that come closest to it.
        title: Title; None writes one.

    Returns:
        Figure with a lane "<word> wins" for each shown word that wins somewhere, and a line "<word>" for each.
    """
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.1, row_heights=[0.38, 0.62])
    words = _strongest(predictions, top)
    middles = np.array([(each.start_s + each.end_s) / 2 for each in predictions])
    shares = np.array([[100 * dict(each.ranking).get(word, 0.0) for word in words] for each in predictions])
    for number, word in enumerate(words):
        _add_lane(figure, predictions, middles, word, len(words) - 1 - number)
        figure.add_trace(
            go.Scatter(
                x=middles,
                y=shares[:, number],
                name=style.word_text(word),
                line=style.word_line(word),
                mode="lines+markers" if len(predictions) < 60 else "lines",
                marker={"symbol": style.word_symbol(word), "size": 7},
                hovertemplate=f"{style.word_text(word)}: %{{y:.1f}} % at %{{x:.2f}} s<extra></extra>",
            ),
            row=2,
            col=1,
        )
    names = [style.word_text(word) for word in words]
    lanes = list(range(len(words)))[::-1]
    figure.update_yaxes(
        title_text="Winner (word)", tickvals=lanes, ticktext=names, range=[-0.6, len(words) - 0.4], row=1, col=1
    )
    figure.update_yaxes(title_text="Probability (%)", range=[-3, 103], row=2, col=1)
    figure.update_xaxes(title_text="Middle of the window, time (s)", row=2, col=1)
    note = f"{len(predictions):,} window{'s' * (len(predictions) != 1)}; above: the most probable word of each."
    if not predictions:
        style.panel_note(figure, "There is no window to show.")
        note = ""
    return style.finish(figure, title=title or "Words over time", note=note, height=380, legend=names)


def _strongest(predictions: Sequence[Prediction], top: int) -> list[str]:
    """The words worth a line: most wins first, then the highest probability reached."""
    wins: dict[str, int] = {}
    peaks: dict[str, float] = {}
    for prediction in predictions:
        wins[prediction.label] = wins.get(prediction.label, 0) + 1
        for word, probability in prediction.ranking:
            peaks[word] = max(peaks.get(word, 0.0), probability)
    return sorted(peaks, key=lambda word: (-wins.get(word, 0), -peaks[word]))[:top]


def _add_lane(
    figure: go.Figure, predictions: Sequence[Prediction], middles: NDArray[np.float64], word: str, height: int
) -> None:
    """A thick bar wherever ``word`` is the most probable; neighbouring windows join up."""
    won = np.array([each.label == word for each in predictions])
    if not won.any():
        return
    half = float(np.median(np.diff(middles))) / 2 if len(middles) > 1 else 0.5
    edges = np.diff(np.concatenate([[0], won.astype(int), [0]]))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
    across = np.stack([middles[starts] - half, middles[ends] + half, np.full(len(starts), np.nan)], axis=1).ravel()
    line = style.word_line(word)
    figure.add_trace(
        go.Scatter(
            x=across,
            y=np.full(len(across), height),
            name=f"{style.word_text(word)} wins",
            mode="lines",
            showlegend=False,
            line={"color": line["color"], "width": 12},
            hovertemplate=f"{style.word_text(word)} is the most probable at %{{x:.2f}} s<extra></extra>",
        ),
        row=1,
        col=1,
    )
