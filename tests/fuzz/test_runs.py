"""Files of runs changed at random: whatever comes out is a value or an error that a person can read.

Each test goes on for ``KWS_FUZZ_SECONDS`` (8 unless told; ``make fuzz`` takes more). The seed is fixed, so the first
changes are the same everywhere; a failure names its number.
"""

import copy
import functools
import io
import json
import os
import random
import resource
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from core import runs
from core.config import RunConfig, from_dict, to_dict
from core.errors import KeywordSpottingError
from core.files.strict import parse_json, to_json
from core.inference.classifier import Classifier
from core.jobs.grid.folder import read_plan
from core.jobs.grid.plan import GridPlan
from core.runs import keep
from core.studies.ablation import kept as ablation
from core.studies.benchmark import kept as benchmarks
from core.studies.evaluation import scores
from core.studies.listening.operating_point import load as load_listening
from core.studies.robustness import kept as robust
from core.training.checkpoint import load_checkpoint
from tests import bad_runs
from tests.kept import load_evaluation

SECONDS = float(os.environ.get("KWS_FUZZ_SECONDS", "8"))

MOST_MB = 1500
"""Memory that a test may add; files here have at most a few MB."""

NUMBERS = (-1, 0, 1, 7, 480, 10**9, 10**19, 1e308, -1e-308, 0.5, float("nan"), float("inf"))
TEXTS = ("", "480", "D", "\x00", "ü" * 300, "../../x", bad_runs.HOSTILE)
ODD = [None, True, *NUMBERS, *TEXTS, [], {}, [1, 2, 3], [[[]]], {"a": {"b": [1]}}]
"""Values that stand where another belongs."""

RAW = [b"1e999", b"NaN", b"-Infinity", b"9" * 400, b"[" * 2000, b'{"a":' * 500, b"\xff\xfe", b"\\ud800", b'"', b"\x00"]
"""Bytes put into the middle of a text."""


@pytest.fixture(autouse=True)
def no_mark(tmp_path, monkeypatch):
    """Runs of its own, bounded memory, and at the end no sign that anything in a file was run."""
    monkeypatch.setenv("KWS_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("KWS_CACHE", str(tmp_path / "cache"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert not (tmp_path / "executed").exists()
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < MOST_MB


def rounds(seed):
    """Numbers of tries with their dice, until the time is over; at least twenty."""
    until, number = time.monotonic() + SECONDS, 0
    while number < 20 or time.monotonic() < until:
        yield number, random.Random(f"{seed} {number}")
        number += 1


def read(reader, number, what):
    """Whether something could be read; anything but an error for people is a failure that names its try."""
    try:
        reader()
    except KeywordSpottingError as error:
        return not str(error).strip()
    except Exception as error:
        raise AssertionError(f"try {number} of {what}: {type(error).__name__}: {error}") from error
    return True


def damaged(content, dice):
    """Bytes with a few changed, lost, doubled or put in."""
    data = bytearray(content)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(5):
            case 0 if data:
                data[at % len(data)] ^= 1 << dice.randrange(8)
            case 1:
                del data[at : at + dice.randint(1, 200)]
            case 2:
                data[at:at] = data[at : at + 50]
            case 3:
                data[at:at] = dice.choice(RAW)
            case _:
                del data[at:]
    return bytes(data)


def with_something_odd(value, dice):
    """A table of plain values with one place changed, doubled or gone."""
    value = copy.deepcopy(value)
    inner, key = value, None
    while isinstance(inner, dict | list) and inner and (key is None or dice.random() < 0.8):
        outer, key = inner, dice.choice(list(inner) if isinstance(inner, dict) else range(len(inner)))
        inner = outer[key]
    if key is None or dice.random() < 0.05:
        return dice.choice(ODD)
    if isinstance(outer, dict) and dice.random() < 0.2:
        outer[f"{key}!"] = outer.pop(key)
    else:
        outer[key] = dice.choice(ODD)
    return value


def json_files(folder):
    """Each JSON file of a run with its reader and a good content."""
    good = {name: json.loads((bad_runs.GOOD / name).read_bytes()) for name in (runs.CONFIG, runs.STATUS)}
    report = json.loads((bad_runs.GOOD / runs.PROGRESS).read_bytes().splitlines()[0])
    timing = {
        "task": "forward",
        "variant": "Earshot",
        "setting": "D",
        "device": "cpu",
        "n_clips": 10,
        "seconds": [0.1, 0.2],
        "ratios": {"nnAudio": {"median": 2.0, "low": 1.0, "high": 3.0}},
        "parts": {"model": 0.1},
        "floor_s": None,
    }
    report_of_times = {
        "moment": "2026-01-02T03:04:05",
        "quick": True,
        "threads": 2,
        "machine": {"cores": "2"},
        "versions": {},
        "limits": [{"device": "cpu", "gflop_per_s": 1.0, "copy_gb_per_s": 2.0}],
        "timings": [timing],
        "notes": ["n"],
    }
    bench = {"format": "earshot-benchmark", "version": 1, "record": report_of_times}
    outcome = {"name": "x", "place": None, "n": 10, "correct": 5, "won": 1, "lost": 2}
    findings = {
        "format": "earshot-experiment",
        "version": 1,
        "findings": {
            "experiment": {"kind": "mask", "bins": [1]},
            "run": "r",
            "model": "linear",
            "setting": "D",
            "dataset": "d",
            "protocol": "official",
            "n_all": 10,
            "n_validation": 0,
            "baseline": 0.1,
            "baseline_label": "yes",
            "untouched": outcome,
            "reference": outcome,
            "outcomes": [outcome],
            "seconds": 1.0,
        },
    }
    listening = {
        "format": "earshot-listening",
        "version": 1,
        "config": {"threshold": 0.5, "word_thresholds": [["go", 0.9]]},
    }
    reports = benchmarks.reports_folder() / "one.json"
    reports.parent.mkdir(parents=True)

    def benchmark():
        for one in benchmarks.kept_reports():
            for timed in one.timings:
                to_json(benchmarks.timing_record(timed))

    return {
        folder / runs.CONFIG: (good[runs.CONFIG], lambda: runs.run_state(folder)),
        folder / runs.STATUS: (good[runs.STATUS], lambda: runs.list_runs()),
        folder / runs.PROGRESS: (report, lambda: runs.read_progress(folder)),
        folder / runs.PROCESS: ({"pid": 1, "created": 1.5}, lambda: runs.is_claimed(folder)),
        folder / runs.SOURCE: ({"root": None, "device": "cpu"}, lambda: runs.read_source(folder)),
        folder / "listening.json": (listening, lambda: load_listening(folder)),
        folder / "findings.json": (findings, lambda: keep.load(ablation.STUDY, folder / "findings.json")),
        folder / "grid.json": (json.loads(to_json(to_dict(GridPlan()))), lambda: read_plan(folder)),
        reports: (bench, benchmark),
        reports.with_name("earlier.json"): ({"format": 1, **report_of_times}, benchmark),
    }


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 600)
def test_json_of_any_content_is_read_or_explained(tmp_path):
    files = json_files(bad_runs.make("run"))
    whole = 0
    for number, dice in rounds("json"):
        path = dice.choice(list(files))
        good, reader = files[path]
        content = bad_runs.as_json(good if dice.random() < 0.5 else with_something_odd(good, dice))
        if dice.random() < 0.5:
            content = damaged(content, dice)
        path.write_bytes(content)
        whole += read(reader, number, path.name)
        path.write_bytes(bad_runs.as_json(good))
        try:
            value = parse_json(content)
        except ValueError:
            continue  # no JSON, and said so
        read(functools.partial(from_dict, RunConfig, value), number, "a config")
        json.loads(to_json(value), parse_constant=pytest.fail)
    assert whole, "not even unchanged files could be read"


def odd_array(dice):
    shape = tuple(dice.choice([0, 1, 2, 3, 12, 40, 241]) for _ in range(dice.randrange(4)))
    kind = dice.choice(["<f4", "<f8", "<f2", "<i8", "<i1", "<u8", "<U3", "|S4", "|b1", "<c8", ">f4", "<M8[s]"])
    array = np.zeros(shape, kind)
    if kind[1] == "f" and dice.random() < 0.3:
        array[...] = dice.choice([np.nan, np.inf, -1.0, 1e30])
    if kind[1] == "i":
        array[...] = dice.choice([-1, 0, 3, 100])
    return array


def odd_npz(arrays, dice):
    """An archive of arrays of which some are odd, or whose headers promise something else."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", dice.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as archive:
        for name, array in arrays.items():
            if dice.random() < 0.05:
                continue
            content = io.BytesIO()
            np.save(content, odd_array(dice) if dice.random() < 0.2 else array)
            data = content.getvalue()
            if dice.random() < 0.1:
                data = bad_runs.header_only((dice.choice([1, 10**6, 10**12]), 40, 241)) + data[128:]
            archive.writestr(dice.choice([f"{name}.npy"] * 30 + [name, f"../{name}.npy", "x.npy"]), data)
    return buffer.getvalue()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.timeout(SECONDS + 600)
def test_arrays_of_any_content_are_read_or_explained(tmp_path):
    folder = bad_runs.make("run")
    evaluation = folder / bad_runs.EVALUATION
    robustness = folder / "robustness-gain.npz"
    measured = {
        "format": "earshot-robustness",
        "version": 1,
        "run": "r",
        "checkpoint": "c",
        "dataset": "d",
        "data_key": "k",
        "protocol": "official",
        "kind": "gain",
        "seed": 0,
        "n_all": 3,
        "values": [np.nan, 1.0],
        "rows": [0, 1, 2],
        "truth": [0, 1, 2],
        "noises": np.zeros(0, np.str_),
        "noise": [0, 0, 0],
        "answers": [[0, 1, 2]] * 2,
        "scores": [[0.5] * 3] * 2,
        "truth_scores": [[0.5] * 3] * 2,
    }
    files = {
        folder / runs.MEL_EVOLUTION: (
            dict(np.load(bad_runs.GOOD / runs.MEL_EVOLUTION)),
            lambda: runs.evolution(folder),
        ),
        folder / runs.KERNELS.format(epoch=1): (
            {"cos": np.zeros((241, 480), np.float16), "sin": np.zeros((241, 480), np.float16)},
            lambda: runs.evolution(folder),
        ),
        evaluation: (dict(np.load(bad_runs.GOOD / bad_runs.EVALUATION)), lambda: scores(load_evaluation(evaluation))),
        robustness: (
            {name: np.asarray(value) for name, value in measured.items()},
            lambda: keep.load(robust.STUDY, robustness).accuracy(),
        ),
    }
    whole = 0
    for number, dice in rounds("npz"):
        path = dice.choice(list(files))
        arrays, reader = files[path]
        content = bad_runs.as_arrays(**arrays) if dice.random() < 0.3 else odd_npz(arrays, dice)
        if dice.random() < 0.5:
            content = damaged(content, dice)
        path.write_bytes(content)
        whole += read(reader, number, path.name)
    assert whole, "not even unchanged files could be read"


def odd_checkpoint(good, dice, mark):
    """A checkpoint of which one thing is odd."""
    content = {**good, "weights": dict(good["weights"]), "config": copy.deepcopy(good["config"])}
    name = dice.choice(list(content["weights"]))
    tensor = content["weights"][name]
    match dice.randrange(6):
        case 0:
            content["weights"][name] = dice.choice(
                [
                    lambda: tensor * float("nan"),
                    lambda: tensor[:1],
                    lambda: tensor.double() * 1e300,
                    lambda: tensor * 1e38,
                    lambda: torch.zeros(1).expand(10**5, 10**5),
                    lambda: tensor.to("meta"),
                    lambda: tensor.long(),
                    lambda: tensor.bool(),
                    lambda: [1.0],
                    lambda: tensor.reshape(-1),
                    lambda: tensor.half(),
                ]
            )()
        case 1:
            content["weights"][dice.choice(["x", "module." + name, 5])] = content["weights"].pop(name)
        case 2:
            content["config"] = with_something_odd(content["config"], dice)
        case 3:
            content[dice.choice(list(content))] = dice.choice([*ODD, torch.ones(3), {"a": torch.ones(2)}])
        case 4:
            content["extra"] = bad_runs.Payload(mark)
        case _:
            content["initial"] = {dice.choice(["mel_basis", "wcos", "x"]): dice.choice([tensor, torch.ones(2), 3])}
    return content


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 600)
def test_checkpoints_of_any_content_are_loaded_or_explained(tmp_path):
    good = torch.load(bad_runs.GOOD / runs.BEST, weights_only=True)
    path = tmp_path / "model.pt"
    whole = 0
    for number, dice in rounds("checkpoint"):
        content = good if dice.random() < 0.4 else odd_checkpoint(good, dice, tmp_path / "executed")
        buffer = io.BytesIO()
        torch.save(content, buffer, _use_new_zipfile_serialization=dice.random() < 0.8)
        changed = damaged(buffer.getvalue(), dice) if content is good and number else buffer.getvalue()
        path.write_bytes(changed)
        loaded = read(lambda: load_checkpoint(path), number, "a checkpoint")
        if loaded and number % 10 == 0:
            read(lambda: Classifier(path, "cpu").classify(np.ones(16_000, np.float32)), number, "an answer")
        whole += loaded
    assert whole, "not even an unchanged file could be loaded"
    assert not list(Path(tmp_path).glob("executed*"))
