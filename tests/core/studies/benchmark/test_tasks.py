"""Everything that is compared does the same work, and is there under the name the report gives it."""

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from core.config import BENCHMARK_TASKS, LABELS, FrontEndConfig
from core.fast.mel import FastMel
from core.inference.classifier import Classifier
from core.models.bcresnet import BCResNet
from core.studies.benchmark import floors, references
from core.studies.benchmark.contest import made_up_pack
from core.studies.benchmark.tasks import REFERENCES, SETTINGS, WAYS, cases

CPU = torch.device("cpu")
N_CLIPS = {
    "forward": 3,
    "gradient": 3,
    "epoch-linear": 130,
    "epoch-bcresnet-1": 24,
    "epoch-bcresnet-3": 24,
    "one-clip": 1,
    "recording": 2,
}


def test_every_task_has_ways_settings_and_a_reference():
    assert set(WAYS) == set(SETTINGS) == set(N_CLIPS) == set(BENCHMARK_TASKS)
    for ways in WAYS.values():
        assert any(name in REFERENCES for name in ways)
        assert any(name.startswith("Earshot") for name in ways)


def test_all_ways_from_waveforms_to_mel_spectrograms_give_the_same_numbers():
    results = {
        case.variant: np.stack([np.asarray(clip) for clip in case.build().run()])
        for case in cases("forward", "cpu", quick=True, n_clips=None)
        if case.setting in ("A", "")
    }
    assert len(results) == len(WAYS["forward"])
    first = results.pop("Earshot")
    assert first.shape == (100, 40, 101)
    for variant, other in results.items():
        assert np.abs(other - first).max() < 1e-4 * first.max(), variant


@pytest.mark.parametrize("setting", "BCD")
def test_the_timed_gradients_are_the_same(setting):
    waveform = torch.rand(2, 16_000) - 0.5
    config = FrontEndConfig(setting=setting)
    ours, theirs = FastMel(config), references.nnaudio_layer(setting, CPU)
    references.gradients_of(ours, ours.mel_power, waveform)
    references.gradients_of(theirs, theirs, waveform)
    expected = {name: parameter.grad for name, parameter in theirs.named_parameters()}
    for name, parameter in ours.layer.named_parameters():
        scale = float(expected[name].abs().max())
        torch.testing.assert_close(parameter.grad, expected[name], rtol=1e-3, atol=1e-4 * scale)


@pytest.mark.parametrize("task", BENCHMARK_TASKS)
def test_every_way_and_each_of_its_parts_can_be_done(task):
    for variant, build in WAYS[task].items():
        if "bfloat16" in variant:
            continue  # imitated here, and refused: see test_training
        contest = build(SETTINGS[task][-1], CPU, N_CLIPS[task])
        contest.run()
        for work in contest.parts.values():
            work()
        assert 0 < contest.part_share <= 1
        if task.startswith("epoch"):
            assert {"loading", "features", "model"} <= set(contest.parts)


def test_a_gpu_is_timed_with_the_same_ways_but_librosas():
    on_gpu = {case.variant for case in cases("forward", "cuda", quick=True)} if torch.cuda.is_available() else None
    on_cpu = cases("forward", "cpu", quick=True)
    librosas = [case for case in on_cpu if case.is_librosa]
    assert len(librosas) == 4
    assert {case.setting for case in librosas} == {""}
    if on_gpu is not None:
        assert on_gpu == {case.variant for case in on_cpu} - {case.variant for case in librosas}


def test_a_full_run_repeats_more_and_an_epoch_can_have_any_number_of_clips():
    quick, full = (cases("epoch-linear", "cpu", quick=quick) for quick in (True, False))
    assert full[0].repeats > quick[0].repeats
    assert full[0].n_clips > quick[0].n_clips
    assert {case.n_clips for case in cases("epoch-linear", "cpu", quick=True, n_clips=84_843)} == {84_843}
    assert {case.n_clips for case in cases("forward", "cpu", quick=True, n_clips=84_843)} == {100}


def test_made_up_clips_are_as_loud_as_speech_and_have_every_label():
    pack = made_up_pack(24)
    assert pack.clips.dtype == np.int16
    assert 0.01 < float((pack.clips[:24] / 32768).std()) < 0.2
    assert set(pack.labels[:24].tolist()) == set(range(len(LABELS)))
    assert len(pack.indices("train")) == 24


@pytest.mark.parametrize("setting", "BCD")
def test_counted_operations_are_those_that_pytorch_counts(setting):
    """Of the way back, that is: its counter passes over products that add to what is there, as the way there has."""
    config = FrontEndConfig(setting=setting)
    power = FastMel(config).mel_power(torch.rand(34, 16_000))
    with FlopCounterMode(display=False) as counter:
        power.backward(torch.ones_like(power))
    ours = floors.front_end_flop(config, gradient=True) - floors.front_end_flop(config, gradient=False)
    assert ours == pytest.approx(counter.get_total_flops() / 34, rel=0.05)


def test_a_step_of_bcresnet_counts_every_product_three_times_and_every_activation_five():
    network, clips = BCResNet(40, len(LABELS), tau=1), 2
    flop, n_bytes = floors.network_step(network, floors.example_log_mel(FrontEndConfig(), clips, CPU))
    # By hand: the head has 16 channels of 20 bands and 101 frames, each of 25 products.
    head = 2 * clips * 16 * 20 * 101 * 25
    assert flop > 3 * head
    assert flop < 3 * clips * 20e6
    assert n_bytes > 5 * 4 * 2 * clips * 16 * 20 * 101  # the head's convolution and its normalisation


def test_the_public_recipe_changes_clips_within_its_bounds():
    noise = torch.ones(1, 20_000)
    shifted = set()
    for _ in range(200):
        waveform = torch.zeros(1, 1, 1000)
        waveform[..., 400:600] = 0.5
        references._change(waveform, 0, label=0, noise=noise)
        background = waveform[0, 0].min()
        assert 0 <= background <= 0.1
        inside = torch.nonzero(waveform[0, 0] > background + 0.4).flatten()
        assert len(inside) == 200
        shifted.add(int(inside[0]) - 400)
    assert -100 <= min(shifted) < -50
    assert 50 < max(shifted) <= 100


def test_the_public_recipe_masks_bands_and_frames():
    widths = []
    for _ in range(100):
        log_mel = torch.ones(1, 40, 101)
        references._mask(log_mel, bins=5)
        widths.append((int((log_mel[0] == 0).all(dim=1).sum()), int((log_mel[0] == 0).all(dim=0).sum())))
    bands, frames = np.array(widths).max(axis=0)
    assert 4 <= bands <= 8
    assert 20 < frames <= 38


def test_a_recording_is_heard_by_all_ways_in_as_many_windows_and_none_is_skipped(monkeypatch):
    asked = []
    answer = Classifier.probabilities
    monkeypatch.setattr(Classifier, "probabilities", lambda self, mels: asked.append(len(mels)) or answer(self, mels))
    ours, theirs = (WAYS["recording"][name]("A", CPU, 3).run() for name in ("Earshot", "nnAudio, each second anew"))
    assert len(theirs) == len(ours.end_s) + 1  # theirs begins with silence alone
    assert sum(asked) >= 30, "every tenth of a second while somebody speaks"
