"""Two untrained models: what they answer is arbitrary, and counted all the same."""

import pytest
import torch

from core.models import build_model
from core.training.checkpoint import checkpoint_of, save_checkpoint
from core.training.presets import preset_config


@pytest.fixture(scope="session")
def two_runs(tmp_path_factory):
    folders = []
    for seed, setting in enumerate("AD"):
        torch.manual_seed(seed)
        config = preset_config("linear", setting=setting)
        folder = tmp_path_factory.mktemp(f"run-{setting}")
        model = build_model(config)
        save_checkpoint(
            folder / "best.pt", checkpoint_of(model, config, epoch=0, validation_accuracy=None, dataset="Tones")
        )
        folders.append(folder)
    return folders
