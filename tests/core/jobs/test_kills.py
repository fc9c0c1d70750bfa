"""Whenever a training is killed, it goes on to the very same weights, and nothing half-made stays behind.

``KWS_KILLS=all`` kills at every change to the disk instead of a sample: half an hour.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
SAMPLE = {"train": 7, "grid": 6}
HOURS_S = 4 * 3600


@pytest.mark.slow
@pytest.mark.timeout(HOURS_S if os.environ.get("KWS_KILLS") == "all" else 300)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forks of one process")
@pytest.mark.parametrize("what", SAMPLE)
def test_a_training_killed_at_a_change_to_the_disk_ends_as_one_that_was_left_alone(what, tone_root, tmp_path):
    number = "all" if os.environ.get("KWS_KILLS") == "all" else str(SAMPLE[what])
    program = [sys.executable, "-m", "tests.core.jobs.kills", what, str(tone_root), str(tmp_path), number]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(program, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["wrong"] == {}
    assert told["changes"] > 100
    assert told["kills"] >= SAMPLE[what], told
    assert set(told["states"]) <= {"not begun", "crashed", "done"}
