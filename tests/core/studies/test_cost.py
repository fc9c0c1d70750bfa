"""Costs are checked by hand, layer by layer, and against what was published."""

import json
from math import log2

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from core import runs
from core.config import BCRESNET_TAUS, FrontEndConfig
from core.errors import CheckpointError
from core.frontend.mel import TrainableMel
from core.models import build_model
from core.records.cost import BC_RESNETS
from core.studies.cost import measure as cost_measurement
from core.studies.cost.count import front_end_macs
from core.studies.cost.measure import cost_of, keep_latency, kept_latency, latencies_folder, measure_latencies
from core.training.checkpoint import checkpoint_of, save_checkpoint
from core.training.presets import preset_config


@pytest.fixture(scope="module")
def make_run(tmp_path_factory):
    def make(name, setting):
        config = preset_config(name, setting=setting)
        folder = tmp_path_factory.mktemp(f"{name}-{setting}")
        model = build_model(config)
        for filters in model.front_end.parameters():
            filters.data.mul_(1.01)  # as if trained: filters that still are what the settings build need no room
        checkpoint = checkpoint_of(model, config, epoch=1, validation_accuracy=None, dataset="Tones")
        save_checkpoint(folder / runs.BEST, checkpoint)
        return folder, config

    return make


@pytest.fixture
def kept_here(tmp_path, monkeypatch):
    monkeypatch.setenv("KWS_CACHE", str(tmp_path))


def test_the_linear_model_by_hand(make_run):
    cost = cost_of(*make_run("linear", "D"))
    assert cost.network_macs == 40 * 101 * 12
    assert cost.network.trained == 40 * 101 * 12 + 12
    assert cost.network.fixed == 2 * 40, "running mean and variance of each band"
    assert cost.front_end.trained == 40 * 241 + 2 * 241 * 480
    assert cost.front_end_macs == 101 * (2 * 241 * 480 + 2 * 241 + 40 * 241)
    assert cost.float32_bytes == 4 * (cost.trained + 80)


def test_a_fixed_spectrogram_goes_through_an_fft_and_is_not_stored(make_run):
    cost = cost_of(*make_run("linear", "A"))
    assert (cost.front_end.trained, cost.front_end.fixed) == (0, 40 * 241 + 2 * 241 * 480)
    assert cost.front_end_macs == round(101 * (480 + 1.25 * 480 * log2(480) + 2 * 241 + 40 * 241))
    assert cost.float32_bytes == 4 * (48_492 + 80)


@pytest.mark.parametrize(("tau", "published"), list(zip(BCRESNET_TAUS, BC_RESNETS.models, strict=True)))
def test_bcresnet_has_the_published_number_of_weights(tau, published, make_run):
    cost = cost_of(make_run("linear", "A")[0], preset_config(f"bcresnet-{tau:g}", setting="A"))
    assert published.name == f"{tau:g}"
    # Published to three digits, or two below ten thousand.
    assert cost.trained == pytest.approx(published.trained, rel=0.006)


@pytest.mark.parametrize("tau", [1, 3])
def test_multiplications_of_bcresnet_are_those_of_its_layers(tau, make_run):
    config = preset_config(f"bcresnet-{tau}", setting="A")
    network = build_model(config).network.eval()
    total = 0

    def count(module, _inputs, output):
        nonlocal total
        each = module.weight[0].numel()  # multiplications for one number of the output: grouped weights are that narrow
        total += output.numel() * each

    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(count)
    with torch.inference_mode():
        network(torch.zeros(1, 40, 101))
    assert cost_of(make_run("linear", "A")[0], config).network_macs == total


def test_multiplications_of_a_trained_spectrogram_are_what_pytorch_counts():
    config = FrontEndConfig(setting="D")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        TrainableMel(config)(torch.zeros(1, 16_000))
    # It works with a few silent kernels more, and PyTorch does not count the square.
    assert counter.get_total_flops() / 2 == pytest.approx(front_end_macs(config), rel=0.02)


def test_the_size_in_float32_is_nearly_that_of_the_file(make_run):
    for setting in "AD":
        cost = cost_of(*make_run("linear", setting))
        assert cost.stored_bytes == pytest.approx(cost.float32_bytes, rel=0.05)


def test_a_run_without_a_model_is_explained(tmp_path):
    with pytest.raises(CheckpointError, match=r"no file best.pt"):
        cost_of(tmp_path, preset_config("linear"))


@pytest.mark.usefixtures("kept_here")
def test_latency_is_measured_in_turn_and_kept_with_the_machine(make_run):
    (linear, _), (bcresnet, _) = make_run("linear", "A"), make_run("bcresnet-1", "A")
    told = []
    first, second = measure_latencies([linear, bcresnet], seconds=0.05, progress=lambda *news: told.append(news))
    assert first.n == second.n >= 20
    assert 0 < first.p50_s <= first.p95_s
    assert first.p50_s < second.p50_s, "one layer is faster than a network"
    assert first.machine
    assert told[-1][0] <= told[-1][1] == 100
    assert kept_latency(linear) is None
    keep_latency(linear, first)
    assert kept_latency(linear) == first


@pytest.mark.usefixtures("kept_here")
def test_a_latency_of_another_model_or_in_a_damaged_file_is_not_shown(make_run):
    folder, config = make_run("linear", "B")
    (latency,) = measure_latencies([folder], seconds=0.01)
    keep_latency(folder, latency)
    file = latencies_folder() / f"{folder.name}.json"
    saved = json.loads(file.read_text())
    for damaged in ("{", "[]", json.dumps({**saved, "unheard_of": 1}), "{}"):
        file.write_text(damaged)
        assert kept_latency(folder) is None
    file.write_text(json.dumps(saved))
    assert kept_latency(folder) == latency
    checkpoint = checkpoint_of(build_model(config), config, epoch=1, validation_accuracy=None, dataset="Tones")
    save_checkpoint(folder / runs.BEST, checkpoint)
    assert kept_latency(folder) is None


def test_busy_processors_are_told(make_run, monkeypatch):
    monkeypatch.setattr(cost_measurement.psutil, "cpu_percent", lambda **_: 90.0)
    (latency,) = measure_latencies([make_run("linear", "A")[0]], seconds=0.01)
    assert latency.disturbed
