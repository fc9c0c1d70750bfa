"""``export``: take a model elsewhere, as a file that runs without PyTorch, or its filters alone."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core import runs
from core.commands.options import (
    Commands,
    add_data,
    add_json,
    add_run,
    clips_of,
    data_root,
    listening_config,
    progress_bar,
)
from core.config import OWN
from core.errors import ConfigError, ExportError
from core.files.paths import path_from
from core.files.strict import to_json
from core.files.writing import write_bytes
from core.records.export import LARGEST_DIFFERENCE, MOST_LOST, N_CLIPS, Measured, ParityCard
from core.text import printable

FILES = ("onnx", "web", "tflite", "nnaudio", "npz")
"""What can be written, by the names of the options."""


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "export",
        help="take a model elsewhere: an ONNX file with its spectrogram inside, or its filters alone",
        description="Write a model as one ONNX file, waveform in, probabilities out, with its words and thresholds in "
        "it. It is compared with the model first, on real clips, silence, full scale and noise; what differs by more "
        f"than {LARGEST_DIFFERENCE:g} in a logit, or in any answer, is not written. A card beside it, "
        "FILE.parity.json, tells how it compares, and earshot_runtime.py runs it with NumPy and ONNX Runtime alone.",
    )
    add_run(parser)
    parser.add_argument("--onnx", metavar="FILE", help="write the model as ONNX (needs onnx and onnxruntime)")
    parser.add_argument(
        "--int8",
        action="store_true",
        help="compute the large layers of its network in int8, the spectrogram never; what loses more than "
        f"{100 * MOST_LOST:g} %% of the clips, or is not smaller, is not written",
    )
    parser.add_argument(
        "--streaming",
        action="store_true",
        help="for a stream: a hop of sound and a state go in, the answer to the last second and the next state come "
        "out; a causal model is always exported so",
    )
    parser.add_argument(
        "--web",
        metavar="FOLDER",
        help="write a web page that listens with the model in the browser alone; any static server can serve it",
    )
    parser.add_argument(
        "--tflite",
        metavar="FILE",
        help="write the network alone for microcontrollers, as TFLite, int8 throughout; FILE.features.npz holds what "
        "makes the features that it takes (needs the packages of requirements-tflite.txt)",
    )
    parser.add_argument(
        "--flow-bits",
        type=int,
        choices=(8, 16),
        default=8,
        help="bits of what flows between the layers of the TFLite file; its weights have 8 (default: 8)",
    )
    parser.add_argument(
        "--nnaudio", metavar="FILE", help="write the basis as a state dict that nnAudio's MelSpectrogram loads"
    )
    parser.add_argument("--npz", metavar="FILE", help="write mel filters and kernels, initial and learned, as arrays")
    add_data(parser, "; for ONNX and TFLite, to be compared on; what a run was trained on goes before the default")
    parser.add_argument(
        "--clips",
        type=clips_of,
        default=N_CLIPS,
        metavar="N",
        help=f"how many of its clips, or 'all' (default: {N_CLIPS})",
    )
    add_json(parser, "one JSON object")
    parser.set_defaults(run_command=run)


def run(options: argparse.Namespace) -> int:
    """Write what was asked for, and say how it compares."""
    if all(getattr(options, name) is None for name in FILES):
        raise ConfigError(
            "Nothing was asked for. Give --onnx FILE, --web FOLDER, --tflite FILE, --nnaudio FILE or --npz FILE."
        )
    if options.int8 and options.onnx is None and options.web is None:
        raise ConfigError("--int8 is about the ONNX file: give --onnx FILE or --web FOLDER too.")
    if options.streaming and options.onnx is None and options.web is None:
        raise ConfigError("--streaming is about the ONNX file: give --onnx FILE or --web FOLDER too.")
    if options.flow_bits != 8 and options.tflite is None:
        raise ConfigError("--flow-bits is about the TFLite file: give --tflite FILE too.")
    places = {name: path_from(text, f"--{name}") for name in FILES if (text := getattr(options, name)) is not None}
    _check(places)
    _require_packages(places)
    path = runs.find_run(options.run)
    told: dict[str, Any] = {}
    call = _export_basis(path, places)
    written = [places[name] for name in ("nnaudio", "npz") if name in places]
    if "onnx" in places or "web" in places:
        with _naming(written):
            card = _export_onnx(options, path, places)
        written += [places[name] for name in ("onnx", "web") if name in places]
        told["onnx"] = card.to_dict()
        if not options.json:
            print(as_text(card))
            if "onnx" in places:
                program = places["onnx"].with_name("earshot_runtime.py")
                print(f"Listen with it anywhere: python {printable(program)} {printable(places['onnx'])} FILE.wav")
    if "tflite" in places:
        with _naming(written):
            card = _export_tflite(options, path, places["tflite"])
        told["tflite"] = card.to_dict()
        if not options.json:
            print(as_text(card))
    told |= {name: str(place) for name, place in places.items() if name not in ("onnx", "tflite")}
    if options.json:
        print(to_json(told))
        return 0
    if "web" in places:
        print(
            f"{printable(places['web'])}: a page that listens; serve it, for instance with python -m http.server in it"
        )
    if "nnaudio" in places:
        print(f"{printable(places['nnaudio'])}: load_state_dict(torch.load(FILE)) into nnAudio.features.{call}")
    if "npz" in places:
        print(f"{printable(places['npz'])}: filters and kernels, initial and learned; `about` says what each array is")
    return 0


@contextmanager
def _naming(written: Sequence[Path]) -> Iterator[None]:
    """Where a step is refused, say what those before it have written."""
    try:
        yield
    except ExportError as error:
        if not written:
            raise
        raise ExportError(f"{error} Written before that: {', '.join(map(printable, written))}.") from error


def _require_packages(places: dict[str, Path]) -> None:
    from core.export.needed import require_packages

    if "tflite" in places:
        require_packages("tflite")
    if "onnx" in places or "web" in places:
        require_packages()


def _check(places: dict[str, Path]) -> None:
    """Say at once where what is asked for would overwrite itself or something else."""
    from core.export.places import card_path, features_path, require_place
    from core.export.runtime import PROGRAM, is_ours
    from core.export.web import require_ours

    files = {name: place for name, place in places.items() if name != "web"}
    for place in files.values():
        require_place(place)
    written = list(files.values())
    if "onnx" in files:
        beside = files["onnx"].with_name(PROGRAM.name)
        written += [beside, card_path(files["onnx"])]
        if not is_ours(beside):
            raise ExportError(
                f"{printable(beside)} is another file than the program of that name that goes beside the model, and "
                "was left alone. Rename it, or export into another folder."
            )
    if "tflite" in files:
        written += [features_path(files["tflite"]), card_path(files["tflite"])]
    resolved = {path.resolve() for path in written}
    if len(resolved) < len(written):
        raise ConfigError(
            "Two of the files have the same name, of those asked for and of those that go beside FILE: "
            f"FILE.parity.json, FILE.features.npz and {PROGRAM.name}. Give each a name of its own."
        )
    if "web" in places:
        if any(places["web"].resolve() in path.parents for path in resolved):
            raise ConfigError("--web needs a folder that none of the other files goes to. Name another one.")
        require_ours(places["web"])


def _export_onnx(options: argparse.Namespace, run: Path, places: dict[str, Path]) -> ParityCard:
    """Write the model, and a page around it, where they are asked for."""
    from core.export.runtime import PROGRAM
    from core.export.web import write_page
    from core.export.write import export_onnx

    with tempfile.TemporaryDirectory() as apart, progress_bar("clip") as progress:
        file = places.get("onnx") or Path(apart) / "model.onnx"
        card = export_onnx(
            run,
            file,
            listening_config(options, run),
            int8=options.int8,
            streaming=options.streaming,
            places=_datasets(options.data, run),
            n_clips=options.clips,
            progress=progress,
        )
        if "onnx" in places:
            write_bytes(file.with_name(PROGRAM.name), PROGRAM.read_bytes())
        if "web" in places:
            write_page(file, places["web"])
        return card


def _export_tflite(options: argparse.Namespace, run: Path, file: Path) -> ParityCard:
    """Write the network for microcontrollers."""
    from core.export.tflite import export_tflite

    with progress_bar("step") as progress:
        return export_tflite(
            run,
            file,
            listening_config(options, run),
            bits=options.flow_bits,
            places=_datasets(options.data, run),
            n_clips=options.clips,
            progress=progress,
        )


def _datasets(named: str | None, run: Path) -> list[Path | None]:
    """The dataset that was named; or else the run's own, where it is still there, and after it the usual one."""
    if named == OWN:
        raise ConfigError("Recordings of your own are too few to compare on. Give another folder with --data.")
    from core.export.places import own_dataset

    return [*(own_dataset(run) if named is None else []), data_root(named)]


def _export_basis(run: Path, places: dict[str, Path]) -> str:
    """Write the filters alone; answers the call that makes nnAudio's module."""
    if "nnaudio" not in places and "npz" not in places:
        return ""
    from core.export.basis import nnaudio_call, write_nnaudio, write_npz
    from core.training.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(run)
    if "nnaudio" in places:
        write_nnaudio(places["nnaudio"], checkpoint)
    if "npz" in places:
        write_npz(places["npz"], checkpoint)
    return nnaudio_call(checkpoint.config.front_end)


def as_text(card: ParityCard) -> str:
    """The card for a person."""
    lines = [
        f"{printable(card.file)}: {card.run}, compared on {card.clips}",
        f"  {'sounds':12}{'hops' if card.streaming else 'clips':>7}{'same answers':>14}  largest difference of a logit",
        *(f"  {one.sound:12}{one.n:7d}{one.same / one.n:14.1%}  {one.largest_difference:.1e}" for one in card.compared),
        "",
        f"  {'form':12}{'right':>9}  {'95 % interval':18}{'size':>10}{'one hop' if card.streaming else 'one clip':>11}",
        *(_form(one) for one in (card.original, card.float32, card.int8) if one is not None),
    ]
    if card.int8 is not None:
        how = f"ranges found on {card.calibration}" if card.calibration else "weights alone are rounded"
        how += f", {card.flow_bits} bits for what flows between layers" if card.flow_bits else ""
        what = "hops" if card.streaming else "clips"
        lines.append(f"  int8: {how}; {card.same_in_int8} of {card.compared[0].n} {what} are answered as in float32")
    return "\n".join(lines)


def _form(one: Measured) -> str:
    share, ends = "none known", ""
    if one.accuracy is not None and one.interval is not None:
        share, ends = f"{one.accuracy:.1%}", "{:.1%} to {:.1%}".format(*one.interval)
    size = "" if one.n_bytes is None else f"{one.n_bytes / 1e6:.2f} MB"
    return f"  {one.form:12}{share:>9}  {ends:18}{size:>10}{one.one_clip_ms:8.1f} ms"
