"""Fitting a model to a room: what changes, what stays, and that it hears better there."""

import copy

import numpy as np
import pytest
import torch

from core.config import SAMPLE_RATE
from core.errors import DataError
from core.models import build_model
from core.models.normalise import BandNorm
from core.training import room as rooms
from core.training.batches import Clips
from core.training.checkpoint import load_checkpoint
from core.training.presets import preset_config
from tests.conftest import PROJECT

CPU = torch.device("cpu")


def noise(seconds, seed=0):
    """A hum below 500 Hz that a tone above it can be told from, int16."""
    random = np.random.default_rng(seed)
    spectrum = np.fft.rfft(random.standard_normal(seconds * SAMPLE_RATE))
    spectrum[np.fft.rfftfreq(seconds * SAMPLE_RATE, 1 / SAMPLE_RATE) > 500] = 0
    sound = np.fft.irfft(spectrum)
    return {"hum": np.round(3000 * sound / sound.std()).astype(np.int16)}


@pytest.fixture(scope="module")
def clips(tone_pack):
    return Clips(tone_pack, CPU)


@pytest.fixture(scope="module")
def room(tone_pack, clips):
    return rooms.room_of(noise(12), clips, tone_pack)


def model(preset="linear", **options):
    spotter = build_model(preset_config(preset, setting="A", **options)).eval()
    with torch.no_grad():
        for band in (spotter.normalise.running_mean, spotter.normalise.running_var):
            band.add_(torch.rand(len(band)))
    return spotter


def changed(before, after):
    """Names of the numbers that are others now."""
    return {name for name, value in after.state_dict().items() if not torch.equal(value, before[name])}


def test_a_gain_and_a_shift_folded_into_the_normalisation_are_the_same_bands():
    gains = rooms.BandGain(model().normalise)
    with torch.no_grad():
        gains.log_gain.normal_()
        gains.shift.normal_()
    log_mel = torch.randn(3, 40, 101)
    expected = gains.eval()(log_mel)
    folded = gains.folded()
    assert isinstance(folded, BandNorm)
    torch.testing.assert_close(folded.eval()(log_mel), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("preset", ["linear", "bcresnet-1"])
def test_without_pcen_the_statistics_of_the_bands_alone_change(tone_pack, clips, room, preset, monkeypatch):
    monkeypatch.setattr(rooms, "STEPS", 2)
    spotter = model(preset)
    before = copy.deepcopy(spotter.state_dict())
    trained = [one.requires_grad for one in spotter.parameters()]
    rooms.adapt(spotter, clips, tone_pack, room)
    assert changed(before, spotter) == {"normalise.running_mean", "normalise.running_var"}
    assert [one.requires_grad for one in spotter.parameters()] == trained
    assert not spotter.training


def test_with_pcen_its_numbers_alone_change_and_stay_valid(tone_pack, clips, room, monkeypatch):
    monkeypatch.setattr(rooms, "STEPS", 3)
    monkeypatch.setattr(rooms, "PCEN_RATE", 1.0)
    spotter = model(pcen="learned")
    before = copy.deepcopy(spotter.state_dict())
    rooms.adapt(spotter, clips, tone_pack, room)
    assert changed(before, spotter) == {f"pcen.{name}" for name in ("smoothing", "gain", "bias", "root")}
    assert 0 <= float(spotter.pcen.gain.detach().min()) <= float(spotter.pcen.gain.detach().max()) <= 1


def test_a_cancelled_one_leaves_a_model_that_can_be_used(tone_pack, clips, room):
    spotter = model()

    def cancel(step, _steps):
        if step == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rooms.adapt(spotter, clips, tone_pack, room, on_step=cancel)
    assert isinstance(spotter.normalise, BandNorm)
    assert all(one.requires_grad for one in spotter.network.parameters())


def test_words_of_usual_loudness_stand_out_as_far_as_asked(tone_pack, clips, room):
    rows = torch.from_numpy(tone_pack.indices("train"))
    words = clips.waveforms(rows)
    usual = float(words[tone_pack.words[rows.numpy()] != "_silence_"].square().mean(dim=1).median())
    drawn = room.learned.draw(len(rows), torch.Generator().manual_seed(0))
    mixed = room.mixed(torch.zeros_like(words), drawn, torch.full((len(rows),), 10.0))
    assert 10 * np.log10(usual / float(mixed.square().mean())) == pytest.approx(10, abs=0.5)
    quiet = room.mixed(words, drawn, torch.full((len(rows),), torch.inf))
    torch.testing.assert_close(quiet, words)


def test_what_is_measured_in_was_not_learned_from(tone_pack, clips):
    random = np.random.default_rng(0)
    recorded = {str(n): random.integers(-9000, 9000, 3 * SAMPLE_RATE).astype(np.int16) for n in range(4)}
    room = rooms.room_of(recorded, clips, tone_pack)
    learned, heard = (set(half.samples.numpy().reshape(-1, SAMPLE_RATE)[:, 0]) for half in (room.learned, room.heard))
    assert len(learned) == len(heard) == 6
    assert not learned & heard


@pytest.mark.parametrize(
    ("recorded", "told"),
    [
        ({"a": np.ones(10 * SAMPLE_RATE - 1, np.int16)}, "lasts 9 whole seconds, and 10 are the least"),
        ({}, "lasts 0 whole seconds"),
        ({"a": np.zeros(12 * SAMPLE_RATE, np.int16)}, "is silent"),
        ({"a": np.full(12 * SAMPLE_RATE, 9000, np.int16)}, "is silent"),
        (dict.fromkeys("abcdef", np.repeat(np.int16([1, 0]), SAMPLE_RATE) * noise(2)["hum"]), "every other second"),
    ],
)
def test_too_little_noise_is_refused(tone_pack, clips, recorded, told):
    with pytest.raises(DataError, match=told):
        rooms.room_of(recorded, clips, tone_pack)


def test_a_model_trained_in_quiet_hears_more_words_in_the_room_and_few_less_in_quiet(words):
    """Real recordings where there are some; half of the noise and the validation clips are new to it."""
    checkpoint = load_checkpoint(PROJECT / "checkpoints" / "shipped-linear-A")
    clips = Clips(words, CPU)
    room = rooms.room_of(noise(20), clips, words)
    rows = torch.from_numpy(words.indices("validation")[::3])
    truth = words.labels[rows.numpy()]

    def right(spotter, snr_db):
        return float((rooms.answers(spotter, rooms.in_room(clips, rows, room, snr_db)) == truth).mean())

    spotter = checkpoint.model()
    noisy, quiet = right(spotter, 0.0), right(spotter, float("inf"))
    rooms.adapt(spotter, clips, words, room, seed=1)
    assert right(spotter, 0.0) > noisy + 0.05
    assert right(spotter, float("inf")) > quiet - 0.1
    again = checkpoint.model()
    rooms.adapt(again, clips, words, room, seed=1)
    torch.testing.assert_close(again.state_dict(), spotter.state_dict(), rtol=0, atol=0)
