"""What one process of several computes of a training; a program, which ``test_distributed`` starts."""

import sys
from dataclasses import replace

import torch
from torch.nn import functional

from core import distributed
from core.config import LABELS
from core.training.loop import Training
from core.training.presets import preset_config
from tests.core.conftest import label_pitch_hz, tones

CLIPS = 10
"""Clips of a batch: of four processes two have three each, and two have two."""


def config(preset, setting):
    """Few clips a batch, and everything that is drawn for them: shift, tempo, room, noise, band, gain, masks."""
    found = preset_config(preset, setting=setting, epochs=2)
    masks = preset_config("bcresnet-3").augment
    augment = replace(
        preset_config("bcresnet-1-in-noise").augment,
        frequency_masks=masks.frequency_masks,
        time_masks=masks.time_masks,
        tempo=(0.9, 1.1),
        reverb_probability=0.5,
        band_probability=0.5,
        gain_db=(-10.0, 10.0),
    )
    return replace(found, augment=augment, training=replace(found.training, batch_size=CLIPS))


def few_tones():
    """Four steps an epoch."""
    return tones(LABELS, label_pitch_hz, {"train": 3, "validation": 1, "official": 1, "testing-list": 1})


def an_epoch(state, peers=distributed.ALONE):
    """The state after one more epoch of the linear model, and what is told of it.

    With kernels that stay: where a gradient is next to nothing, as that of some taps is, Adam makes a step of rounding.
    """
    training = Training(config("linear-in-noise", "B"), few_tones(), "cpu", peers=peers)
    if state:
        training.load_state_dict(state)
    report = next(training.epochs())
    told = (report.train_loss, report.train_accuracy, report.validation_loss, report.validation_accuracy)
    return training.state_dict(), told


def gradients(peers=distributed.ALONE):
    """The gradients of a batch through a network that normalises and drops channels, and its running statistics.

    In double precision, and from the same log-mels: in single precision, normalisation leaves of some gradients little
    but rounding.
    """
    training = Training(config("bcresnet-1", "D"), few_tones(), "cpu", peers=peers)
    rows = torch.from_numpy(training.rows)[:CLIPS]
    with torch.no_grad():
        log_mel = training.source.log_mel(training.source.read(rows)).double()
    labels = training.clips.labels[peers.begin(rows)]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        training.change.manual_seed(0)
        log_mel = log_mel[peers.mine].requires_grad_()
        model = training.model.double().train()
        loss = peers.share_of(functional.cross_entropy(model.classify(log_mel, training.mask), labels))
        loss.backward()
    learned = {name: weight for name, weight in model.named_parameters() if weight.grad is not None}
    peers.add_up_gradients(list(learned.values()))
    statistics = {name: value for name, value in model.state_dict().items() if "running" in name}
    return {name: weight.grad for name, weight in learned.items()} | statistics


def main(before, after):
    """Read a state, if there is one; write the next, what was told, and the gradients."""
    peers = distributed.join()
    state = torch.load(before, weights_only=True) if before else None
    found = (*an_epoch(state, peers), gradients(peers))
    if peers.rank == 0:
        torch.save(found, after)
    distributed.leave(peers)


if __name__ == "__main__":
    main(*sys.argv[1:])
