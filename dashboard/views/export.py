"""A model as files to take away: made in the background, compared with the model, kept and offered."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core.errors import KeywordSpottingError
from core.records.export import N_CLIPS, Measured, ParityCard
from core.runs import RunState, keep
from dashboard.shared import cache, jobs, measured, saving
from dashboard.shared.widgets import choose, job_panel
from dashboard.shared.wording import interval, percent, plain

if TYPE_CHECKING:
    from core.export.kept import Form
    from core.training.checkpoint import Checkpoint

FORMS: dict[Form, str] = {"float32": "Exact (float32)", "int8": "Smaller (int8)", "stream": "For a stream"}
"""The ways an ONNX file can be made."""

MADE: dict[Form, str] = {
    "float32": "It is compared with the model first, and kept only if it gives the same answers.",
    "int8": "The spectrogram stays as it is. It is compared with the model first, and kept only if it loses no more "
    "than half a point of accuracy. It is smaller, and no faster on most computers.",
    "stream": "Each tenth of a second goes in once, with what the file remembers of the sound before it. It is "
    "compared with the model first, hop by hop, and kept only if it gives the same answers.",
}
"""How each is made."""

IN_PYTHON = """from earshot_runtime import Model, listen   # pip install numpy onnxruntime

model = Model("{file}")
print(model.classify(second))               # 16,000 samples at 16 kHz
for detection in listen(model, chunks):     # chunks of any length, as they come
    print(detection.word, detection.score, detection.heard_s)
"""


def whole_model(run: RunState) -> None:
    """The ONNX file: made when it is asked for; then how it compares, and the file itself."""
    st.subheader("The whole model, its spectrogram inside")
    causal = run.config is not None and run.config.model.causal
    taken = "the next tenth of a second of a stream" if causal else "a second of sound"
    st.write(f"One ONNX file: {taken} in, a probability for each label out. It runs without PyTorch.")
    # A causal model is always exported for a stream.
    forms = {form: title for form, title in FORMS.items() if form != "stream" or not causal}
    form: Form = choose("Form", forms, "export.form", bind="query-params")
    try:
        from core.export.needed import require_packages

        require_packages()
    except KeywordSpottingError as error:
        st.info(plain(error), icon=":material/extension:")
        return
    name = f"export.{run.name}.{form}"
    outdated = partial(keep.why_outdated, run=run.folder)
    card = measured.shown([name], partial(_card, run, form), lambda _: _offer(run, form, name), outdated=outdated)
    if card is not None and not jobs.is_running(name) and not outdated(card):
        _show(run, form, card)


def _card(run: RunState, form: Form) -> ParityCard | None:
    from core.export import kept

    return kept.load(run.folder, form)


def _offer(run: RunState, form: Form, name: str) -> None:
    st.caption(MADE[form])
    title = f"Exporting {plain(run.called)}"
    measured.button("Make the file", f"export.make.{form}", name, title, lambda: partial(_make, run, form))


def _make(run: RunState, form: Form, progress: jobs.Progress) -> None:
    from core.export import kept
    from core.export.places import own_dataset

    kept.export(run.folder, form, places=[*own_dataset(run.folder), None], n_clips=N_CLIPS, progress=progress)


def _show(run: RunState, form: Form, card: ParityCard) -> None:
    from core.export import kept
    from core.export.places import card_path

    file = kept.onnx_file(run.folder, form)
    beside = card_path(file)
    st.markdown(f":material/check: {plain(card.finding)}")
    forms = [one for one in (card.original, card.float32, card.int8) if one is not None]
    st.dataframe([_row(one, "One hop" if card.streaming else "One clip") for one in forms], hide_index=True)
    with st.container(horizontal=True):
        saving.button(f"ONNX file ({file.stat().st_size / 1e6:.1f} MB)", file.read_bytes, file.name, "export.onnx")
        saving.button("Program to run it (Python)", _runtime, "earshot_runtime.py", "export.runtime", icon="terminal")
        saving.button(
            "Parity card",
            beside.read_bytes,
            beside.name,
            "export.card",
            icon="fact_check",
            note="How the file compares with the model, as measured when it was made.",
        )
    _page(run, form)
    # Not coloured: the colours of Streamlit's code are too faint to read for some.
    st.code(IN_PYTHON.format(file=file.name), language=None, wrap_lines=True)


def _page(run: RunState, form: Form) -> None:
    """A page that listens in a browser alone: made in the background, since what it runs on may have to be fetched."""
    from core.export import kept

    name, file = f"export.{run.name}.{form}.page", kept.page_file(run.folder, form)
    if job_panel(name):
        return
    if file.exists():
        note = "Unpack it where any web server shows it. It listens in the browser and sends nothing anywhere."
        saving.button("Web page (zip)", file.read_bytes, file.name, "export.page", icon="language", note=note)
    else:
        measured.button(
            "Make a web page that listens",
            f"export.make.page.{form}",
            name,
            "Making a web page",
            lambda: partial(_make_page, run, form),
            kind="secondary",
            icon=":material/language:",
        )


def _make_page(run: RunState, form: Form, progress: jobs.Progress) -> None:
    from core.export import kept

    progress(0, 1, "Putting the page together")
    kept.make_page(run.folder, form)


def _row(one: Measured, timed: str) -> dict[str, str]:
    return {
        "Form": {"original": "This model", "float32": "ONNX, float32", "int8": "ONNX, int8"}[one.form],
        "Right": "–" if one.accuracy is None else percent(one.accuracy),
        "95 %": "–" if one.interval is None else interval(*one.interval),
        "Size": "" if one.n_bytes is None else f"{one.n_bytes / 1e6:.2f} MB",
        timed: f"{one.one_clip_ms:.1f} ms",
    }


def _runtime() -> bytes:
    from core.export.runtime import PROGRAM

    return PROGRAM.read_bytes()


def basis(run: RunState) -> None:
    """The filters alone, for programs of one's own.

    Raises:
        CheckpointError: If the model cannot be read.
    """
    from core.export.basis import NPZ_ABOUT, nnaudio_call, write_nnaudio, write_npz

    cache.filters(run.folder)  # a model that cannot be read is told now, and not in a file on its way
    st.subheader("The filters alone")
    st.write("What was learned, for your own code: a state dict that nnAudio loads, or plain arrays.")
    with st.container(horizontal=True):
        saving.button(
            "For nnAudio", partial(_written, run, write_nnaudio, "basis.pt"), f"{run.name}-nnaudio.pt", "export.nnaudio"
        )
        saving.button(
            "Arrays (npz)",
            partial(_written, run, write_npz, "basis.npz"),
            f"{run.name}-filters.npz",
            "export.npz",
            note=f"Mel filters and kernels, initial and learned: {', '.join(NPZ_ABOUT)}.",
        )
    if run.config is not None:
        st.code(
            "import torch\nfrom nnAudio.features import MelSpectrogram\n\n"
            f"spectrogram = {nnaudio_call(run.config.front_end)}\n"
            f'spectrogram.load_state_dict(torch.load("{run.name}-nnaudio.pt", weights_only=True))\n',
            language=None,
            wrap_lines=True,
        )


def microcontrollers() -> None:
    """How the network alone is written for them: on the command line, since its converter takes half a minute."""
    st.subheader("For microcontrollers")
    st.write(
        "The network alone as TFLite, int8 throughout, with what makes the features that it hears. Its packages are "
        "large, so they are an extra."
    )
    st.code(
        "pip install -r requirements-tflite.txt\npython -m core export RUN --tflite words.tflite",
        language=None,
        wrap_lines=True,
    )


def _written(run: RunState, write: Callable[[Path, Checkpoint], object], name: str) -> bytes:
    from core.training.checkpoint import load_checkpoint

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path, load_checkpoint(run.folder))
        return path.read_bytes()
