"""Trainings that go on together: the weights of ones that go on alone, to the last bit, and less to compute."""

import itertools
import time
from collections import Counter
from dataclasses import replace

import pytest
import torch

from core.config import LABELS
from core.fast import choose
from core.fast.shared import Shared
from core.training import loop
from core.training.loop import Training
from core.training.presets import preset_config
from tests.core.conftest import label_pitch_hz, tones

EPOCHS, STEPS = 2, 3


@pytest.fixture(scope="module")
def few_tones():
    """Three steps of twelve clips an epoch."""
    return tones(LABELS, label_pitch_hz, {"train": 3, "validation": 1, "official": 1, "testing-list": 1})


def config(preset, setting, seed=0, **front_end):
    found = preset_config(preset, setting=setting, epochs=EPOCHS, seed=seed, **front_end)
    return replace(found, training=replace(found.training, batch_size=12))


def masked(setting, **front_end):
    """BC-ResNet 1, which drops channels, with masks; a step of few clips."""
    found = config("bcresnet-1", setting, **front_end)
    return replace(found, augment=preset_config("bcresnet-3").augment)


def in_turn(trainings):
    """A step of each after another, to the end."""
    for _ in itertools.zip_longest(*(training.turns() for training in trainings)):
        pass


def weights(training):
    return list(training.model.state_dict().values())


def assert_same(together, alone):
    for one, other in zip(together, alone, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(weights(one), weights(other), strict=True))
        assert (one.best_epoch, one.best_accuracy) == (other.best_epoch, other.best_accuracy)


GROUPS = {
    "clean, A": [config("linear", "A", seed, n_mels=10) for seed in (0, 1, 2)],
    "clean, B": [config("linear", "B", 0, n_mels=10), config("linear", "B", 1, mel_start="random")],
    "in noise": [
        config("linear-in-noise", setting, n_mels=n_mels)
        for setting, n_mels in (("A", 10), ("B", 20), ("D", 10), ("A", 20))
    ],
    "masked": [masked("A"), masked("B", n_mels=30)],
}


@pytest.fixture
def counted(monkeypatch):
    """How often the clips of a step were changed."""
    count = Counter()
    change = loop.augment_waveform

    def counting(*arguments):
        count["changed"] += 1
        return change(*arguments)

    monkeypatch.setattr(loop, "augment_waveform", counting)
    return count


@pytest.mark.parametrize("name", GROUPS)
def test_those_that_go_on_together_become_what_they_become_alone(few_tones, counted, name):
    configs, shared = GROUPS[name], Shared()
    assert len({choose.in_common(one) for one in configs}) == 1
    together = [Training(one, few_tones, "cpu", shared=shared) for one in configs]
    in_turn(together)
    assert counted["changed"] == (EPOCHS * STEPS if configs[0].augment.changes_waveforms else 0)
    stored = [training.source.stored for training in together if training.source.kind != "waveforms"]
    assert len(stored) == (0 if configs[0].augment.changes_waveforms else len(configs))
    assert len({tensor.data_ptr() for tensor in stored}) <= 1, "they are there once"
    alone = [Training(one, few_tones, "cpu") for one in configs]
    for training in alone:
        list(training.epochs())
    assert_same(together, alone)
    assert not torch.equal(weights(together[0])[-1], weights(together[1])[-1])


def test_those_that_draw_otherwise_share_nothing_and_come_out_the_same(few_tones, counted):
    """Another seed, and an epoch behind: whoever is not where another one is computes for itself."""
    first, other = config("linear-in-noise", "A", n_mels=10), config("linear-in-noise", "A", 1, n_mels=10)
    assert choose.in_common(first) != choose.in_common(other)
    alone = [Training(one, few_tones, "cpu") for one in (first, other, first)]
    for training in alone:
        list(training.epochs())
    shared = Shared()
    together = [Training(one, few_tones, "cpu", shared=shared) for one in (first, other, first)]
    next(together[2].epochs())
    counted.clear()
    in_turn(together)
    assert counted["changed"] == (EPOCHS + EPOCHS + EPOCHS - 1) * STEPS
    assert_same(together, alone)


def test_the_seconds_of_a_training_are_its_own_turns(few_tones):
    slept_s, began, training = 0.0, time.perf_counter(), Training(config("linear", "A"), few_tones, "cpu")
    reports = []
    for report in training.turns():
        if report is None:
            asleep = time.perf_counter()
            time.sleep(0.02)
            slept_s += time.perf_counter() - asleep
        else:
            reports.append(report)
    assert sum(report.seconds for report in reports) <= time.perf_counter() - began - slept_s
    assert len(reports) == EPOCHS
