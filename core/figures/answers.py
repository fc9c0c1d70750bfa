"""Pictures of a model's answers to sound: one second, or all that was detected along a longer recording."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.config import CLIP_SAMPLES, SAMPLE_RATE
from core.figures import style
from core.figures.findings import sounds as findings
from core.records.answers import Detection, Prediction, WordsAlong

PROBABLE = 0.5
"""A word that reaches this probability anywhere is drawn, also where it was never detected."""

LEAST_S = 0.1
"""A detection is drawn at least this wide (s)."""


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
            marker={"color": [style.LEARNED_COLOUR] + [style.MUTED] * (len(words) - 1)},
            hovertemplate="%{y}: %{x:.1f} % probable<extra></extra>",
        )
    )
    figure.update_xaxes(title_text="Probability (%)", range=[0, 118], tickvals=[0, 25, 50, 75, 100])
    figure.update_yaxes(title_text="Word (best first)", categoryorder="array", categoryarray=words[::-1])
    title = title or "The most probable words"
    return style.finish(figure, title=title, finding=findings.answer(prediction), height=34 * len(words) + 16)


def word_timeline(along: WordsAlong, *, title: str | None = None) -> go.Figure:
    """Every word detected along a recording, and how probable each was on the way.

    Args:
        along: What the model made of it.
        title: Title; None writes one.

    Returns:
        Figure with a trace for each detected word ("yes detected": bars from start to end) above, and the
        probability (%) of each word that was detected, or probable at any time, below.
    """
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.1, row_heights=[0.38, 0.62])
    detected = list(dict.fromkeys(one.word for one in along.detections))
    for number, word in enumerate(detected):
        _add_lane(
            figure, [one for one in along.detections if one.word == word], along.labels, len(detected) - 1 - number
        )
    peaks = along.probabilities.max(axis=0, initial=0.0)
    lines = [*detected, *(label for label in along.labels if label not in detected)]
    shown = [word for word in lines if word in detected or peaks[along.labels.index(word)] >= PROBABLE]
    middles = along.end_s - CLIP_SAMPLES / SAMPLE_RATE / 2
    for word in shown:
        figure.add_scatter(
            x=middles,
            y=100 * along.probabilities[:, along.labels.index(word)],
            name=style.word_text(word),
            line=style.word_line(word, along.labels),
            hovertemplate=f"{style.word_text(word)}: %{{y:.1f}} % at %{{x:.2f}} s<extra></extra>",
            row=2,
            col=1,
        )
    names = [style.word_text(word) for word in detected]
    ticks = {"tickvals": list(range(len(names)))[::-1], "ticktext": names}
    figure.update_yaxes(title_text="Detected (word)", **ticks, range=[-0.6, max(1, len(names)) - 0.4], row=1, col=1)
    figure.update_yaxes(title_text="Probability (%)", range=[-3, 103], row=2, col=1)
    figure.update_xaxes(range=[0, along.seconds], row=1, col=1)
    figure.update_xaxes(title_text="Time (s)", range=[0, along.seconds], row=2, col=1)
    if not along.detections:
        style.write_in_the_middle(figure, "No word was detected.")
    legend = [style.word_text(word) for word in shown]
    return style.finish(
        figure,
        title=title or "Words over time",
        finding=findings.words_along(along),
        note="Below: the answer to the second around each time.",
        height=380,
        legend=legend,
    )


def _add_lane(figure: go.Figure, detections: Sequence[Detection], labels: Sequence[str], height: int) -> None:
    """A thick bar for each time that a word was detected, from its start to its end."""
    word, colour = detections[0].word, style.word_line(detections[0].word, labels)["color"]
    x = [place for one in detections for place in (one.start_s, max(one.end_s, one.start_s + LEAST_S), None)]
    said = [
        f"{style.word_text(word)} ({100 * one.score:.0f} %), {one.start_s:.2f} to {one.end_s:.2f} s"
        for one in detections
        for _ in range(3)
    ]
    figure.add_scatter(
        x=x,
        y=[height] * len(x),
        name=f"{style.word_text(word)} detected",
        mode="lines+markers",
        showlegend=False,
        text=said,
        line={"color": colour, "width": 12},
        marker={"size": 9, "symbol": style.word_symbol(word, labels), "color": colour},
        hovertemplate="%{text}<extra></extra>",
        row=1,
        col=1,
    )
