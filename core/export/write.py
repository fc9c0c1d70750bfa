"""A run exported: made, compared with its model, and written only if it does what the model does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.config import ListeningConfig
from core.data.source import Progress
from core.export.compared import require_parity
from core.export.int8 import in_int8
from core.export.model import about, as_file, onnx_model, streaming_model
from core.export.parity import parity
from core.export.places import card_path, require_place
from core.export.sounds import real_clips
from core.files.writing import write_bytes, write_json
from core.inference.classifier import Classifier
from core.inference.one_thread import in_one_thread
from core.records.export import ParityCard
from core.runs import keep


def export_onnx(
    run: Path,
    path: Path,
    listening: ListeningConfig,
    *,
    int8: bool = False,
    streaming: bool = False,
    places: Sequence[Path | None] = (None,),
    n_clips: int | None = None,
    progress: Progress | None = None,
) -> ParityCard:
    """Write a model as one ONNX file, and beside it a card that tells how it compares.

    Args:
        run: Run folder or checkpoint file.
        path: Where to; the card gets the same name and ``.parity.json``.
        listening: The settings kept with the run, which go with it.
        int8: Whether the large layers of its network are computed in int8.
        streaming: Whether the file takes a stream hop by hop; that of a causal model always does.
        places: Datasets, of which the first that can be used gives the clips it is compared on; None: the demo words.
        n_clips: How many of them; None for all.
        progress: Called with clips done, clips in all, and what is being done.

    Raises:
        CheckpointError: If the model cannot be loaded.
        DataError: If there are no clips to compare it on.
        ExportError: If the file misses what it must keep of the model; nothing is written then.
        RunError: If the model was replaced meanwhile.
        WriteError: If it cannot be written.
    """
    require_place(path)
    with keep.unchanged(run) as checkpoint:
        classifier = Classifier(run, "cpu")
        loaded = classifier.checkpoint
        clips = real_clips(run, places, loaded.config.vocabulary, n_clips, progress)
        streaming = streaming or loaded.config.model.causal
        says = about(loaded, listening, run=keep.name_of(run), model_hash=checkpoint, streaming=streaming)
        model = loaded.model("cpu")
        if streaming:
            graph, rounded = streaming_model(model, loaded.labels, listening.hop_s)
        else:
            graph, rounded = onnx_model(model, loaded.labels)
        forms = {"float32": as_file(graph, says)}
        if int8:
            forms["int8"] = as_file(in_int8(forms["float32"], rounded, clips.calibration), says)
        ranged = clips.calibration_title if int8 and "all" in rounded.values() else ""
        with in_one_thread():
            card = parity(path.name, says, classifier, clips, forms, progress, calibration=ranged)
    require_parity(card, " Export it without --int8." if int8 and all("int8" in one for one in card.misses) else "")
    write_bytes(path, forms["int8" if int8 else "float32"])
    write_json(card_path(path), card.to_dict())
    return card
