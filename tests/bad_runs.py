"""Folders of runs that somebody made to do harm, or that a disk or another program damaged."""

import functools
import io
import json
import os
import pickle
import shutil
import zipfile
from pathlib import Path

import numpy as np
import torch

from core import runs

GOOD = Path(__file__).resolve().parents[1] / "checkpoints" / "shipped-linear-D"

HOSTILE = (
    "![pic](http://127.0.0.1:9/x.png) [go](http://127.0.0.1:9/) <img src=http://127.0.0.1:9/y.png> :red[r] $a$ `b`"
)
"""A text that would fetch pictures and set links if a page took it for its own."""


EVALUATION = next(GOOD.glob("evaluation-*official*")).name

FILES = {
    "config": runs.CONFIG,
    "status": runs.STATUS,
    "progress": runs.PROGRESS,
    "best": runs.BEST,
    "evolution": runs.MEL_EVOLUTION,
    "process": runs.PROCESS,
    "source": runs.SOURCE,
    "evaluation": EVALUATION,
}
"""Files of a run by the words used here."""


class Payload:
    """What a pickle runs when it is loaded: here it only leaves a mark."""

    def __init__(self, mark):
        self.mark = str(mark)

    def __reduce__(self):
        return os.mkdir, (self.mark,)


def as_json(value):
    """JSON as a careless program writes it: NaN, Infinity and all."""
    return json.dumps(value).encode()


def as_checkpoint(content):
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def as_arrays(**arrays):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def header_only(shape, descr="<f4"):
    """An array's header that promises what does not follow."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": descr, "fortran_order": False, "shape": shape})
    return buffer.getvalue()


def as_zip(members, compression=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def changed(table, **values):
    """A copy of nested tables with some values replaced; ``a__b`` is the value ``b`` of the table ``a``."""
    copy = json.loads(json.dumps(table))
    for name, value in values.items():
        *path, last = name.split("__")
        inner = copy
        for step in path:
            inner = inner[step]
        inner[last] = value
    return copy


def configs():
    """Contents of ``config.json`` of which none is a run's."""
    good = json.loads((GOOD / runs.CONFIG).read_bytes())
    wrong = {
        "huge-frame": {"front_end__n_fft": 10**9},
        "huge-mels": {"front_end__n_mels": 10**7},
        "huge-number": {"front_end__sample_rate": 10**400},
        "tiny-hop": {"front_end__hop_length": 1, "front_end__n_fft": 4096},
        "no-hop": {"front_end__hop_length": None},
        "no-offset": {"front_end__log_offset": 5e-324},
        "text-for-number": {"front_end__n_fft": "480"},
        "list-for-text": {"front_end__setting": ["D"]},
        "true-for-number": {"training__epochs": True},
        "three-for-two": {"front_end__masked_bins": [1, 2, 3]},
        "none-of-two": {"augment__noise_snr_db": []},
        "many-epochs": {"training__epochs": 10**400},
        "path": {"preset": "../../etc/passwd"},
        "hostile": {"preset": HOSTILE},
        "huge-batch": {"training__batch_size": 10_000, "front_end__hop_length": 16},
    }
    made = {name: as_json(changed(good, **values)) for name, values in wrong.items()}
    text = as_json(good)
    return made | {
        "infinite": text.replace(b'"learning_rate": ', b'"learning_rate": 1e999, "x": '),
        "nan": text.replace(b'"learning_rate": ', b'"learning_rate": NaN, "x": '),
        "twice": text.replace(b'"epochs": ', b'"epochs": 3, "epochs": '),
        "deep": b"[" * 100_000,
        "deep-table": b'{"a":' * 50_000,
        "long-number": b'{"preset":' + b"9" * 5000 + b"}",
        "large": b'{"preset":"' + b"a" * 3_000_000 + b'"}',
        "utf-16": as_json(good).decode().encode("utf-16"),
        "binary": bytes(range(256)),
        "list": b"[]",
        "nothing": b"",
    }


def statuses():
    """Contents of ``status.json`` that no worker writes."""
    good = json.loads((GOOD / runs.STATUS).read_bytes())
    wrong = {
        "odd-state": {"state": "hacked"},
        "list-state": {"state": ["done"]},
        "table-message": {"message": {"a": 1}},
        "text-accuracy": {"best_accuracy": "high"},
        "list-accuracy": {"best_accuracy": [1]},
        "nan-accuracy": {"best_accuracy": float("nan")},
        "percent-accuracy": {"best_accuracy": 97.5},
        "text-steps": {"state": "running", "step": "a", "steps": "b"},
        "list-dataset": {"dataset": [1, 2]},
        "long-dataset": {"dataset": "a" * 5000},
        "table-device": {"device": {}},
        "text-seconds": {"trained_seconds": "x", "seconds_left": "y"},
        "infinite-seconds": {"trained_seconds": float("inf")},
        "text-epoch": {"best_epoch": "zz"},
        "huge-epoch": {"epoch": 10**9},
        "far-future": {"changed": 1e18},
        "huge-time": {"changed": 10**400},
        "before-time": {"changed": -1e18},
    }
    return {name: as_json(good | values) for name, values in wrong.items()} | {
        "deep": b"[" * 100_000,
        "list": b"[1]",
        "binary": b"\xff\xfe\x00",
    }


def progresses():
    """Contents of ``progress.jsonl``; the good lines among them count."""
    line = (GOOD / runs.PROGRESS).read_bytes().splitlines()[0]
    report = json.loads(line)
    return {
        "nan": as_json(report | {"train_loss": float("nan")}),
        "text": as_json(report | {"train_loss": "<b>x", "validation_accuracy": "high"}),
        "list-epoch": as_json(report | {"epoch": [1]}),
        "huge-epoch": as_json(report | {"epoch": 10**9}),
        "deep": b"[" * 100_000 + b"\n" + line,
        "latin": b"\xff\xfe\n" + line,
        "others": b'[1,2]\n"x"\n5\nnull\n',
    }


@functools.cache
def evolutions():
    """Contents of ``mel_evolution.npz`` that are no evolution of this run's filters."""
    mel = np.zeros((2, 40, 241), np.float32)
    return {
        "text": as_arrays(epochs=[0, 1], mel_basis=np.full((2, 40, 241), "a")),
        "nan": as_arrays(epochs=[0, 1], mel_basis=mel * np.nan),
        "flat": as_arrays(epochs=[0, 1], mel_basis=np.zeros(4, np.float32)),
        "fewer": as_arrays(epochs=[0, 1, 2], mel_basis=mel),
        "backwards": as_arrays(epochs=[1, 0], mel_basis=mel),
        "table-epochs": as_arrays(epochs=[[0, 1]], mel_basis=mel),
        "other-shape": as_arrays(epochs=[0, 1], mel_basis=np.zeros((2, 3, 5), np.float32)),
        "nothing": as_arrays(epochs=np.zeros(0, np.int64), mel_basis=mel[:0]),
        "more": as_arrays(epochs=[0, 1], mel_basis=mel, other=mel),
        "promise": as_zip(
            {"epochs.npy": header_only((2,), "<i8") + bytes(16), "mel_basis.npy": header_only((2, 10**6, 10**6))}
        ),
        "bomb": as_zip(
            {
                "epochs.npy": header_only((2,), "<i8") + bytes(16),
                "mel_basis.npy": header_only((2, 40, 241)) + bytes(10**8),
            }
        ),
        "object": as_zip({"epochs.npy": header_only((2,), "|O") + pickle.dumps([1, 2]), "mel_basis.npy": b""}),
        "nonsense": as_zip({"epochs.npy": b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 70_000}),
        "no-zip": b"nothing",
    }


@functools.cache
def checkpoint_bomb():
    """A small checkpoint that unpacks to half a gigabyte; it takes seconds to make."""
    good = torch.load(GOOD / runs.BEST, weights_only=True)
    with zipfile.ZipFile(io.BytesIO(as_checkpoint(good))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    largest = max(members, key=lambda name: len(members[name]))
    return as_zip(members | {largest: bytes(5 * 10**8)})


def checkpoints(mark):
    """Contents of ``best.pt`` that are not to be used; ``mark`` is a folder that must not come into being."""
    good = torch.load(GOOD / runs.BEST, weights_only=True)
    mel, network = "front_end.layer.mel_basis", "network.classify.weight"

    def weights(name, change):
        return as_checkpoint(good | {"weights": good["weights"] | {name: change(good["weights"].get(name))}})

    def front_end(**values):
        return as_checkpoint(good | {"config": good["config"] | {"front_end": good["config"]["front_end"] | values}})

    return {
        "pickle": pickle.dumps(Payload(mark)),
        "torch-pickle": as_checkpoint({"format": "earshot-checkpoint", "version": 1, "x": Payload(mark)}),
        "bomb": checkpoint_bomb(),
        "truncated": as_checkpoint(good)[:5000],
        "nan-filters": weights(mel, lambda tensor: tensor * float("nan")),
        "nan-network": weights(network, lambda tensor: tensor * float("nan")),
        "infinite": weights(mel, lambda tensor: tensor + float("inf")),
        "huge": weights(mel, lambda _: torch.zeros(1).expand(10**6, 10**6)),
        "huge-extra": weights("extra", lambda _: torch.zeros(1).expand(10**9, 10**6)),
        "overflow": weights(network, lambda tensor: torch.full_like(tensor, 3e38)),
        "whole-numbers": weights(mel, lambda tensor: tensor.long()),
        "complex": weights(mel, lambda tensor: tensor.to(torch.complex64)),
        "sparse": weights(mel, lambda tensor: tensor.to_sparse()),
        "meta": weights(mel, lambda tensor: tensor.to("meta")),
        "nan-initial": as_checkpoint(good | {"initial": {"mel_basis": good["weights"][mel] * float("nan")}}),
        "strange-initial": as_checkpoint(good | {"initial": {"../x": torch.zeros(3, 3)}}),
        "small-initial": as_checkpoint(good | {"initial": {"mel_basis": torch.zeros(3, 3)}}),
        "infinite-epoch": as_checkpoint(good | {"epoch": float("inf")}),
        "hostile-accuracy": as_checkpoint(good | {"validation_accuracy": HOSTILE}),
        "tensor-accuracy": as_checkpoint(good | {"validation_accuracy": torch.zeros(5)}),
        "no-labels": as_checkpoint(good | {"labels": None}),
        "strange-rebuilt": as_checkpoint(good | {"rebuilt": [["a"]]}),
        "tensor-version": as_checkpoint(good | {"version": torch.ones(3)}),
        "tensor-format": as_checkpoint(good | {"format": torch.ones(3)}),
        "huge-frame": front_end(n_fft=10**9),
        "long-frame": front_end(n_fft=40_000),
        "huge-mels": front_end(n_mels=10**7),
        "tiny-hop": front_end(hop_length=1),
        "strange-window": front_end(window="general_cosine"),
        "list": as_checkpoint([1, 2]),
    }


def make(name, **files):
    """A copy of the good run among the user's runs, with some files replaced."""
    folder = runs.runs_folder() / name
    folder.mkdir(parents=True)
    for kept in (runs.CONFIG, runs.STATUS, runs.PROGRESS, runs.BEST, runs.MEL_EVOLUTION):
        shutil.copy2(GOOD / kept, folder / kept)
    for file in GOOD.glob("evaluation-*"):
        shutil.copy2(file, folder / file.name)
    for file, content in files.items():
        path = folder / FILES.get(file, file)
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
    return folder


def processes():
    """Contents of ``process.json`` that name no process."""
    return {
        "infinite": b'{"pid":1e999,"created":0}',
        "large": b'{"pid":1' + b"0" * 30 + b',"created":0}',
        "long": b'{"pid":9000000000000000000,"created":0}',
        "negative": b'{"pid":-1,"created":0}',
        "deep": b"[" * 100_000,
        "text": b'{"pid":"x","created":[]}',
    }


def evaluations():
    """Contents of an evaluation that contradicts itself."""
    kept = dict(np.load(GOOD / EVALUATION))
    changes = {
        "nan": {"probabilities": kept["probabilities"] * np.nan},
        "labels": {"labels": np.array([HOSTILE] * 12)},
        "truth": {"truth": kept["truth"] + 100},
        "short": {"truth": kept["truth"][:5]},
        "protocol": {"protocol": HOSTILE},
        "confusion": {"confusion": -kept["confusion"]},
        "files": {"clip_files": kept["clip_files"][:3]},
        "scores": {"probabilities": kept["probabilities"] * 3},
    }
    return {name: as_arrays(**(kept | values)) for name, values in changes.items()}


def make_all(mark, *kinds):
    """Every bad run of some kinds, or of all beside a good one; by the name of its folder."""
    contents = {
        "config": configs,
        "status": statuses,
        "progress": progresses,
        "evolution": evolutions,
        "process": processes,
        "evaluation": evaluations,
        "best": lambda: checkpoints(mark),
    }
    running = as_json(json.loads((GOOD / runs.STATUS).read_bytes()) | {"state": "running"})
    made = {}
    for kind in kinds or contents:
        for name, content in contents[kind]().items():
            files = {"status": running} if kind == "process" else {}
            made[f"{kind}-{name}"] = make(f"{kind}-{name}", **files, **{kind: content})
    if kinds:
        return made
    made["good"] = make("good")
    made["empty"] = runs.runs_folder() / "empty"
    made["empty"].mkdir()
    made["folder-for-config"] = make("folder-for-config", config=None)
    (made["folder-for-config"] / runs.CONFIG).mkdir()
    made["link-to-device"] = make("link-to-device", best=None)
    (made["link-to-device"] / runs.BEST).symlink_to("/dev/zero")
    made["pipe"] = make("pipe", status=None)
    os.mkfifo(made["pipe"] / runs.STATUS)
    made["loop"] = make("loop", config=None)
    (made["loop"] / runs.CONFIG).symlink_to(runs.CONFIG)
    return made


def make_hostile(name="hostile"):
    """A run that works, of which every text wants to be taken for a page's own."""
    status = json.loads((GOOD / runs.STATUS).read_bytes())
    status |= {"dataset": HOSTILE, "message": HOSTILE, "device": HOSTILE[:40], "changed": 1.8e9}
    good = torch.load(GOOD / runs.BEST, weights_only=True)
    kept = dict(np.load(GOOD / EVALUATION))
    n = len(kept["truth"])
    hostile = kept | {
        "run": HOSTILE,
        "dataset": HOSTILE,
        "clip_words": np.full(n, HOSTILE),
        "clip_files": np.full(n, HOSTILE),
    }
    return make(
        name,
        status=as_json(status),
        best=as_checkpoint(good | {"dataset": HOSTILE}),
        evaluation=as_arrays(**hostile),
    )
