"""What is computed once is what would be computed in every step, and takes no more memory than it may."""

import numpy as np
import pytest
import torch

from core.config import FrontEndConfig
from core.frontend.mel import TrainableMel
from core.training.batches import Batches, Clips

CPU = torch.device("cpu")
PLENTY = 2**40


def batches_of(pack, setting, *, augmented=False, budget_bytes=PLENTY):
    rows = np.flatnonzero(pack.splits == "train").astype(np.int64)
    front_end = TrainableMel(FrontEndConfig(setting=setting, log_offset=1e-6))
    return rows, Batches(pack, rows, front_end, CPU, augmented=augmented, budget_bytes=budget_bytes)


@pytest.mark.parametrize(
    ("setting", "augmented", "kind"),
    [
        ("A", False, "log-mels"),
        ("B", False, "spectra"),
        ("C", False, "waveforms"),
        ("D", False, "waveforms"),
        ("A", True, "waveforms"),
        ("B", True, "waveforms"),
    ],
)
def test_exactly_what_does_not_change_is_computed_once(tone_pack, setting, augmented, kind):
    assert batches_of(tone_pack, setting, augmented=augmented)[1].kind == kind


@pytest.mark.parametrize("setting", "ABCD")
def test_log_mels_are_those_of_the_waveforms(tone_pack, setting):
    rows, batches = batches_of(tone_pack, setting)
    chosen = torch.from_numpy(rows[[5, 0, 5, -1]])
    waveform = torch.stack([torch.from_numpy(tone_pack.clip(row)) for row in chosen.tolist()])
    torch.testing.assert_close(batches.log_mel(batches.read(chosen)), batches.front_end(waveform))


def test_the_mel_filters_learn_from_spectra_as_from_waveforms(tone_pack):
    rows, stored = batches_of(tone_pack, "B")
    _, fresh = batches_of(tone_pack, "B", budget_bytes=0)
    chosen, gradients = torch.from_numpy(rows[:9]), []
    for batches in (stored, fresh):
        batches.log_mel(batches.read(chosen)).sum().backward()
        gradients.append(batches.front_end.layer.mel_basis.grad)
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("setting", "numbers_a_clip", "error"), [("A", 40 * 101, 0.008), ("B", 241 * 101, 0.008)])
def test_half_precision_serves_where_float32_does_not_fit(tone_pack, setting, numbers_a_clip, error):
    n_clips = int((tone_pack.splits == "train").sum())
    whole = 4 * numbers_a_clip * n_clips
    kinds = {}
    for budget in (whole, whole - 1, whole // 2, whole // 2 - 1):
        rows, batches = batches_of(tone_pack, setting, budget_bytes=budget)
        kinds[budget] = batches.stored.dtype if batches.kind != "waveforms" else None
        assert batches.stored.nbytes <= budget
        read = batches.read(torch.from_numpy(rows))
        exact = batches.front_end(batches.clips.waveforms(torch.from_numpy(rows)))
        assert float((batches.log_mel(read) - exact).detach().abs().max()) < error
    half = torch.float16 if setting == "A" else torch.bfloat16
    assert list(kinds.values()) == [torch.float32, half, half, None]


def test_augmentation_reaches_waveforms(tone_pack):
    rows, batches = batches_of(tone_pack, "D")
    kept = batches.read(torch.from_numpy(rows[:2]))
    changed = batches.log_mel(kept, lambda waveform: 2 * waveform)
    torch.testing.assert_close(changed, batches.front_end(2 * kept))


def test_clips_are_read_by_row_without_a_copy_of_the_pack(tone_pack):
    clips = Clips(tone_pack, CPU)
    assert clips.samples.data_ptr() == tone_pack.clips.ctypes.data
    rows = torch.tensor([7, 3, 7])
    expected = np.stack([tone_pack.clip(row) for row in rows.tolist()])
    np.testing.assert_array_equal(clips.waveforms(rows).numpy(), expected)


def test_computing_once_tells_how_far_it_is_and_can_be_stopped(tone_pack):
    rows = np.arange(len(tone_pack), dtype=np.int64)
    seen = []

    def stop_at_the_end(done, total, what):
        seen.append((done, total, what))
        if done == total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Batches(
            tone_pack, rows, TrainableMel(FrontEndConfig(setting="A")), CPU, augmented=False, budget_bytes=PLENTY,
            progress=stop_at_the_end,
        )  # fmt: skip
    assert seen[-1] == (len(rows), len(rows), "Computing spectrograms once")


@pytest.mark.cuda
@pytest.mark.parametrize("resident", [True, False])
def test_clips_reach_the_gpu_whole(tone_pack, monkeypatch, resident):
    monkeypatch.setattr("core.training.batches.RESIDENT_SHARE", 0.5 if resident else 0.0)
    clips = Clips(tone_pack, torch.device("cuda"))
    assert clips.samples.is_cuda is resident
    rows = torch.tensor([7, 3, 7], device="cuda")
    expected = np.stack([tone_pack.clip(row) for row in rows.tolist()])
    np.testing.assert_array_equal(clips.waveforms(rows).cpu().numpy(), expected)
