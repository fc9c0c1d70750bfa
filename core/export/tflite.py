"""The network of a trained model as a TFLite file in int8, for microcontrollers; features go in, logits come out.

The spectrogram stays outside: eight bits do not hold it, and a second of frames times kernels does not fit into such a
computer's memory. What a program needs to compute the features lies beside the file.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from ai_edge_quantizer import calibrator, quantizer, recipe, recipe_manager
from ai_edge_quantizer.utils import qsv_utils, tfl_flatbuffer_utils
from numpy.typing import NDArray

from core.config import ListeningConfig
from core.data.source import Progress
from core.errors import ExportError
from core.export.basis import feature_arrays
from core.export.compared import Logits, compared, in_parts, measured, median_ms, require_parity
from core.export.places import card_path, features_path, require_place
from core.export.plain import level_channels, plain_network
from core.export.sounds import Clips, extreme_sounds, real_clips
from core.files.strict import in_one_line
from core.files.writing import write_arrays, write_bytes, write_json
from core.inference.one_thread import in_one_thread
from core.models import KeywordSpotter
from core.records.arrays import Waveform
from core.records.export import Measured, ParityCard
from core.runs import keep
from core.text import printable
from core.training.checkpoint import load_checkpoint

Features = NDArray[np.float32]
"""(n, n_mels, n_frames)."""

FLOWS = {8: recipe.static_wi8_ai8, 16: recipe.static_wi8_ai16}
"""Bits of what flows between layers, and how the quantizer is asked for them."""

_DEPTH_OF = tfl_flatbuffer_utils.TFL_OP_TO_WEIGHT_QUANTIZED_DIM
"""Dimension of the channels that come out, by the kind of a layer with weights."""

_LARGEST_BIAS, _LEAST_STEP = 2**30, 1e-9
"""In steps of a bias: half of what 32 bits hold, so that the products added to it fit too. And a step's least size."""


def export_tflite(
    run: Path,
    path: Path,
    listening: ListeningConfig,
    *,
    bits: int = 8,
    places: Sequence[Path | None] = (None,),
    n_clips: int | None = None,
    progress: Progress | None = None,
) -> ParityCard:
    """Write a model's network as a TFLite file in int8; beside it what makes its features, and a card.

    Args:
        run: Run folder or checkpoint file.
        path: Where to; the others get the same name and ``.features.npz`` and ``.parity.json``.
        listening: The settings kept with the run, which go with it.
        bits: Of what flows between layers, 8 or 16; weights have 8.
        places: Datasets, of which the first that can be used gives the clips it is compared on; None: the demo words.
        n_clips: How many of them; None for all.
        progress: Called with what is done, what there is to do, and what it is.

    Raises:
        CheckpointError: If the model cannot be loaded.
        DataError: If there are no clips to compare it on.
        ExportError: If the network is of another kind, or the file misses what it must keep of it; nothing is written
            then.
        RunError: If the model was replaced meanwhile.
        WriteError: If something cannot be written.
    """
    require_place(path)
    with keep.unchanged(run) as checkpoint, in_one_thread():
        loaded = load_checkpoint(run)
        model = loaded.model("cpu")
        plain = plain_network(model.network, loaded.config.front_end.n_frames())
        clips = real_clips(run, places, loaded.config.vocabulary, n_clips, progress)
        sounds = {"clips": clips.waveforms, **extreme_sounds(clips.waveforms)}
        features = {name: _features(model, sound) for name, sound in sounds.items()}
        _tell(progress, "Converting the network")
        calibration = _features(model, clips.calibration)
        level_channels(plain, calibration)
        float32 = _converted(plain, features["clips"][:1])
        _tell(progress, "Finding the ranges of int8")
        # Silence and noise are among what ranges are found on: what is beyond them would be cut off.
        extreme = (_features(model, sound) for sound in extreme_sounds(clips.calibration).values())
        int8 = _in_int8(float32, np.concatenate([calibration, *extreme]), bits)
        _tell(progress, "Comparing with the model")
        card = _card(path.name, printable(keep.name_of(run)), checkpoint, model, clips, features, float32, int8, bits)
    advice = " Give --flow-bits 16." if bits == 8 else " Export it with --onnx FILE, or take another model."
    require_parity(card, advice, into=" to TFLite")
    write_bytes(path, int8)
    write_arrays(features_path(path), feature_arrays(loaded, listening, checkpoint))
    write_json(card_path(path), card.to_dict())
    return card


def _tell(progress: Progress | None, what: str) -> None:
    if progress:
        progress(0, 0, what)


def _features(model: KeywordSpotter, clips: Waveform) -> Features:
    """What the network hears of clips (n, 16000)."""
    return in_parts(lambda some: model.features(model.front_end(some)), clips)


def _converted(plain: torch.nn.Module, features: Features) -> bytes:
    """A network as a TFLite file in float32, its arrays without the long names that a converter gives them."""
    with _quietly(), tempfile.TemporaryDirectory(prefix="earshot-tflite-") as folder:
        import litert_torch  # it prints while it is imported, too

        file = Path(folder) / "network.tflite"
        try:
            litert_torch.convert(plain, (torch.from_numpy(features),)).export(str(file))
        except Exception as error:  # its errors have no base of their own
            raise ExportError(f"The converter cannot write this network: {in_one_line(error)}.") from error
        model = tfl_flatbuffer_utils.read_model(file.read_bytes())
        for number, tensor in enumerate(model.subgraphs[0].tensors):
            tensor.name = f"t{number}".encode()
        tfl_flatbuffer_utils.write_model(model, str(file))
        return file.read_bytes()


def _in_int8(float32: bytes, features: Features, bits: int) -> bytes:
    """A network in int8: a scale for each channel of weights, and one for what flows, features and logits too.

    Ranges reach from the smallest to the largest number that was ever seen. The quantizer's own way, a moving average
    over clips, cuts off what is rare: on validation clips it took 0.8 to 4.5 points of seven models.
    """
    how = FLOWS[bits]()
    key, signature = next(iter(_interpreter(float32).get_signature_list().items()))
    name = signature["inputs"][0]
    with _quietly():
        asked = recipe_manager.RecipeManager()
        asked.load_quantization_recipe(how)
        ranges = calibrator.Calibrator(float32, num_threads=1, qsv_update_func=qsv_utils.min_max_update)
        ranges.calibrate({key: [{name: one[None]} for one in features]}, asked)
        rounding = quantizer.Quantizer(float32)
        rounding.load_quantization_recipe(how)
        found = ranges.get_model_qsvs()
        return bytes(rounding.quantize(found | _ranges_of_weights(float32, found, bits)).quantized_model)


def _ranges_of_weights(float32: bytes, flowing: dict[str, Any], bits: int) -> dict[str, Any]:
    """Ranges of each layer's weights by channel, wide enough for its bias to fit into 32 bits.

    A bias is counted in steps of its input times its weights. Where training let the weights of a channel die out,
    these steps are so small that the quantizer would cut the bias off, without a word: two of the thousand channels of
    a causal BC-ResNet cost it 3.3 points so. Weights far below a wider step become nothing, as they are.

    Args:
        float32: The network.
        flowing: Least and largest number of all that flows, by name.
        bits: Of what flows.
    """
    model = tfl_flatbuffer_utils.read_model(float32)
    graph, wide = model.subgraphs[0], {}
    for layer in graph.operators:
        code = model.operatorCodes[layer.opcodeIndex].builtinCode
        depth = _DEPTH_OF.get(tfl_flatbuffer_utils.TFL_OP_CODE_TO_NAME.get(code))
        if depth is None:
            continue
        taken, weights, bias, _ = tfl_flatbuffer_utils.parse_fc_bmm_conv_tensors(layer, graph.tensors)
        if bias is None:
            continue
        values, shift = (tfl_flatbuffer_utils.get_tensor_data(one, model.buffers) for one in (weights, bias))
        ends = flowing[tfl_flatbuffer_utils.get_tensor_name(taken)]
        low, high = min(float(ends["min"].min()), 0.0), max(float(ends["max"].max()), 0.0)
        step = (high - low) / 255 if bits == 8 else max(-low, high) / 32767
        own = np.abs(values).max(axis=tuple(set(range(values.ndim)) - {depth}), keepdims=True)
        needed = 127 * np.abs(shift).reshape(own.shape) / (_LARGEST_BIAS * max(step, _LEAST_STEP))
        largest = np.maximum(own, needed).astype(np.float32)
        wide[tfl_flatbuffer_utils.get_tensor_name(weights)] = {"min": -largest, "max": largest}
    return wide


def _interpreter(content: bytes, kernels: OpResolverType = OpResolverType.AUTO) -> Any:
    with _quietly():
        interpreter = Interpreter(model_content=content, num_threads=1, experimental_op_resolver_type=kernels)
        interpreter.allocate_tensors()
        return interpreter


class _File:
    """A TFLite file at work, one clip at a time.

    Its reference kernels round as those for microcontrollers do, and are slow; the usual ones may differ by some steps.
    """

    def __init__(self, content: bytes, kernels: OpResolverType = OpResolverType.AUTO) -> None:
        self._interpreter = _interpreter(content, kernels)
        self._input, self._output = self._interpreter.get_input_details()[0], self._interpreter.get_output_details()[0]

    def __call__(self, features: Features) -> Logits:
        """Features of one clip, (n_mels, n_frames), to its logits, (n_labels,)."""
        self._interpreter.set_tensor(self._input["index"], _rounded(features[None], self._input))
        self._interpreter.invoke()
        answer: Logits = _brought_back(self._interpreter.get_tensor(self._output["index"]), self._output)[0]
        return answer

    def logits(self, features: Features) -> Logits:
        """Those of several clips, (n, n_labels)."""
        return np.stack([self(one) for one in features])


def _rounded(values: Features, place: dict[str, Any]) -> NDArray[Any]:
    kind = place["dtype"]
    if kind == np.float32:
        return values
    scale, zero = place["quantization"]
    rounded: NDArray[Any] = np.round(values / scale) + zero
    return rounded.clip(np.iinfo(kind).min, np.iinfo(kind).max).astype(kind)


def _brought_back(values: NDArray[Any], place: dict[str, Any]) -> Logits:
    if place["dtype"] == np.float32:
        return values
    scale, zero = place["quantization"]
    exact: Logits = (values.astype(np.float32) - zero) * np.float32(scale)
    return exact


def _card(
    file: str,
    run: str,
    checkpoint: str,
    model: KeywordSpotter,
    clips: Clips,
    features: dict[str, Features],
    float32: bytes,
    int8: bytes,
    bits: int,
) -> ParityCard:
    theirs = {name: in_parts(model.network, one) for name, one in features.items()}
    files = {"float32": _File(float32), "int8": _File(int8)}
    ours = {name: files["float32"].logits(one) for name, one in features.items()}
    rounded = _File(int8, OpResolverType.BUILTIN_REF).logits(features["clips"])
    one = features["clips"][0]

    def form(name: str, answers: Logits, content: bytes) -> Measured:
        return measured(name, answers, clips, median_ms(lambda: files[name](one)), len(content))

    return ParityCard(
        file=file,
        sha256=hashlib.sha256(int8).hexdigest(),
        run=run,
        checkpoint=checkpoint,
        clips=clips.title,
        data_key=clips.data_key,
        compared=tuple(compared(name, theirs[name], ours[name]) for name in features),
        original=measured(
            "original", theirs["clips"], clips, median_ms(lambda: in_parts(model.network, one[None])), None
        ),
        float32=form("float32", ours["clips"], float32),
        int8=form("int8", rounded, int8),
        same_in_int8=int((ours["clips"].argmax(axis=1) == rounded.argmax(axis=1)).sum()),
        calibration=f"{clips.calibration_title}, silence, full scale and noise",
        takes="features",
        flow_bits=bits,
    )


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep back what converter, quantizer and interpreter tell, also from the parts of them that are not Python.

    Ctrl-C is heard when they are done: in the midst of them it may end the process without a word.
    """
    with _later_interrupted(), _silenced():
        yield


@contextlib.contextmanager
def _later_interrupted() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # which alone is interrupted
        yield
        return
    interrupts: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: interrupts.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if interrupts and callable(before):
        before(signal.SIGINT, None)


@contextlib.contextmanager
def _silenced() -> Iterator[None]:
    sys.stdout.flush()
    sys.stderr.flush()
    kept = {}
    for number in (1, 2):
        with contextlib.suppress(OSError):  # it may have been closed
            kept[number] = os.dup(number)
    with Path(os.devnull).open("wb") as nowhere:
        disabled = logging.root.manager.disable
        logging.disable(logging.CRITICAL)
        try:
            for number in kept:
                os.dup2(nowhere.fileno(), number)
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                yield
        finally:
            logging.disable(disabled)
            for number, place in kept.items():
                os.dup2(place, number)
                os.close(place)
