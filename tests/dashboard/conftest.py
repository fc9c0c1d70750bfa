"""The dashboard without a browser: a tiny dataset, tiny trained runs, and the app around every page."""

from __future__ import annotations

import io
import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import streamlit as st
from streamlit import config
from streamlit.proto.Block_pb2 import Block
from streamlit.testing.v1 import AppTest

from core import runs
from core.config import KEYWORDS, SAMPLE_RATE
from core.data.pack import open_data
from core.jobs import grid
from core.jobs.grid.plan import GridPlan
from core.jobs.grid.work import work_on_grid
from core.models import build_model
from core.records.training import EpochReport
from core.studies.evaluation import evaluate
from core.training.checkpoint import checkpoint_of, load_checkpoint, save_checkpoint
from core.training.presets import preset_config
from dashboard.shared import places
from tests.kept import evaluation_path, save_evaluation

PROJECT = Path(__file__).resolve().parents[2]
APP = PROJECT / "dashboard" / "frame.py"
PAGES = sorted(path.stem for path in (PROJECT / "dashboard" / "screens").glob("[!_]*.py"))
TITLES = {name: "Say one of ten words" if name == "live" else places.TABS[name].title for name in PAGES}

GOOD = "linear-D-good"

# `streamlit run` finds the dashboard's settings beside the file it is given; without a server that has to be said.
config._main_script_path = str(APP)
config.get_config_options(force_reparse=True)


def tone(hz, seconds=1.0, rate=SAMPLE_RATE):
    """A quiet tone with a little noise, as samples."""
    n = round(seconds * rate)
    noise = np.random.default_rng(round(hz)).normal(0, 0.01, n)
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(n) / rate) + noise).astype(np.float32)


def wav(samples, rate=SAMPLE_RATE):
    """Samples as the bytes of a WAV file."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV")
    return file.getvalue()


@pytest.fixture(scope="session")
def tiny_root(tmp_path_factory):
    """A dataset in the layout of Speech Commands: each word is a tone, each speaker says it a few times."""
    root = tmp_path_factory.mktemp("tiny-data")
    words = root / "SpeechCommands" / "speech_commands_v0.02"
    test = root / "SpeechCommands" / "speech_commands_test_set_v0.02"
    lists = {"validation": [], "testing": []}
    for number, name in enumerate((*KEYWORDS, "bed", "cat")):
        sound = wav(tone(300 + 150 * number))
        for speaker in range(6):
            file = words / name / f"{speaker:08x}_nohash_0.wav"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(sound)
            split = {4: "validation", 5: "testing"}.get(speaker)
            if split:
                lists[split].append(f"{name}/{file.name}")
        folder = test / (name if name in KEYWORDS else "_unknown_")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:08x}_nohash_0.wav").write_bytes(sound)
    for split, files in lists.items():
        (words / f"{split}_list.txt").write_text("".join(f"{file}\n" for file in files))
    noise = words / "_background_noise_"
    noise.mkdir()
    rng = np.random.default_rng(0)
    for name in ("white_noise", "pink_noise", "running_tap"):
        soundfile.write(noise / f"{name}.wav", rng.normal(0, 0.05, 3 * SAMPLE_RATE).astype(np.float32), SAMPLE_RATE)
    (test / "_silence_").mkdir()
    (test / "_silence_" / "silence_0.wav").write_bytes(wav(rng.normal(0, 0.05, SAMPLE_RATE).astype(np.float32)))
    return root


@pytest.fixture(scope="session")
def tiny_pack(tiny_root):
    return open_data(tiny_root)


def train_further(run):
    """Give a run other weights: its best epoch is a later one."""
    checkpoint = load_checkpoint(run)
    save_checkpoint(run / runs.BEST, replace(checkpoint, epoch=checkpoint.epoch + 1))


@pytest.fixture(scope="session")
def finished_run(tiny_root, tiny_pack, tmp_path_factory):
    """A run folder as a worker leaves it: two epochs of a linear D whose filters moved, and one evaluation."""
    folder = tmp_path_factory.mktemp("made-once") / GOOD
    config = preset_config("linear", setting="D", epochs=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KWS_RUNS", str(folder.parent))
        runs.new_run(config, tiny_root, name=GOOD)
    model = build_model(config)
    basis = model.front_end.layer.mel_basis
    basis.data[10] = basis.data[10].roll(6)
    dataset = tiny_pack.title
    save_checkpoint(folder / runs.BEST, checkpoint_of(model, config, epoch=2, validation_accuracy=0.5, dataset=dataset))
    for epoch in (1, 2):
        report = EpochReport(
            epoch=epoch,
            epochs=2,
            train_loss=2.0 / epoch,
            train_accuracy=0.3 * epoch,
            validation_loss=2.1 / epoch,
            validation_accuracy=0.25 * epoch,
            learning_rate=0.01,
            mel_change=0.05 * epoch,
            stft_change=0.001,
            clips_per_second=500.0,
            seconds=1.5,
            is_best=True,
        )
        runs.append_progress(folder, report)
    runs.write_status(
        folder,
        state="done",
        message="",
        epoch=2,
        epochs=2,
        dataset=dataset,
        device="cpu",
        best_epoch=2,
        best_accuracy=0.5,
        trained_seconds=3.0,
    )
    path = evaluation_path(folder, dataset, "official")
    save_evaluation(path, evaluate(folder, tiny_pack, "official", device="cpu"))
    return folder


@pytest.fixture(autouse=True)
def apart(tmp_path, monkeypatch):
    """No test sees the runs, recordings, benchmark reports, caches or jobs of another; packs are shared."""
    monkeypatch.setenv("KWS_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("KWS_RECORDINGS", str(tmp_path / "recordings"))
    monkeypatch.delenv("KWS_DATA", raising=False)
    monkeypatch.setattr("core.studies.benchmark.kept.packs_folder", lambda: tmp_path / "measured")
    (tmp_path / "runs").mkdir()
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def own_run(finished_run, tmp_path):
    """The finished run among the user's runs."""
    folder = tmp_path / "runs" / GOOD
    shutil.copytree(finished_run, folder)
    return folder


@pytest.fixture
def train_grid(tiny_root, tiny_pack):
    """A function from changes of a plan to the folder of a small grid "mine", trained for an epoch each."""

    def train(**changes):
        values = {"settings": ("A", "B"), "n_mels": (10,), "seeds": 2, "epochs": (("linear", 1),), **changes}
        folder = grid.new_grid(GridPlan(**values), tiny_root, name="mine", device="cpu")
        work_on_grid(folder)
        assert grid.grid_state(folder).finished, grid.grid_state(folder).message
        return folder

    return train


@pytest.fixture
def use_tiny_data(tiny_root, tiny_pack, monkeypatch):
    """The tiny dataset is the chosen one."""
    monkeypatch.setenv("KWS_DATA", str(tiny_root))


@pytest.fixture
def open_page():
    """Opens a page by its file name and answers the app there; all pages of a test are one visit.

    It begins with the page that is opened first, as one does whose bookmark it is.
    """
    app = AppTest.from_file(str(APP), default_timeout=150)
    opened = False

    def open_it(name):
        nonlocal opened
        # Before the first run Streamlit knows no pages, and takes the name of a file for its address, which it is here.
        if opened or name != places.FIRST:
            app.switch_page(f"screens/{name}.py")
        opened = True
        return app.run()

    return open_it


def texts(app):
    """Everything a person can read on the page, in one string."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "info", "warning", "error", "success")
    return "\n".join(str(getattr(one, "value", "")) for kind in kinds for one in app.get(kind))


def unfold(app, *keys):
    """Open folded parts of the page by their keys."""
    for key in keys:
        app.session_state[key] = True
    return app.run()


def chip(app):
    """What the chip at the head says about the chosen model."""
    blocks = [one.proto for one in app.main if isinstance(getattr(one, "proto", None), Block)]
    return next(one.popover.label for one in blocks if one.HasField("popover"))


def button(app, label):
    """The button that is called so."""
    return next(one for one in app.button if one.label == label)


def charts(app):
    """Number of figures on the page."""
    return len(app.get("plotly_chart"))


def open_fold(app, key):
    """Open a part of the page that is folded away."""
    app.session_state[key] = True
    app.run()
    assert_calm(app)
    return app


def assert_calm(app):
    """No trace of a bug: neither a stack trace nor an error."""
    assert not app.exception, app.exception[0].message
    assert not app.error, app.error[0].value


def wait_until(condition, seconds=90.0):
    """Wait for something that another process or thread does."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError(f"it did not happen within {seconds:g} s")
