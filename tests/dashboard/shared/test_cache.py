"""What is loaded once, and loaded again when the file behind a path changes."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np

from core import runs
from dashboard.shared import cache
from tests.kept import evaluation_path, load_evaluation, save_evaluation


def touch(file, seconds):
    """Move a file's modification time, and leave its content alone."""
    times = file.stat()
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns + int(seconds * 1e9)))


def test_a_model_is_shared_until_its_file_changes(own_run):
    first = cache.classifier(own_run, "cpu")
    assert cache.classifier(own_run, "cpu") is first
    touch(own_run / runs.PROGRESS, 5)
    assert cache.classifier(own_run, "cpu") is first
    touch(own_run / runs.BEST, 5)
    assert cache.classifier(own_run, "cpu") is not first


def test_a_file_of_another_size_is_another_file_even_with_the_same_time(tmp_path):
    file = tmp_path / "a.npz"
    file.write_bytes(b"one")
    before, times = cache.model_stamp(file), file.stat()
    file.write_bytes(b"three")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert cache.model_stamp(file) != before
    file.unlink()
    assert cache.model_stamp(file) == (str(file), 0, 0)


def test_the_numbers_of_an_evaluation_follow_its_file(own_run, tiny_pack):
    path = evaluation_path(own_run, tiny_pack.title, "official")
    found = load_evaluation(path)
    sure = np.eye(len(found.labels), dtype=np.float32)[found.truth]
    before = cache.evaluation(path)[1].accuracy, cache.reliability(path, "width").mean_accuracy
    assert max(before) < 1
    every_one_right = np.diag(np.bincount(found.truth, minlength=len(found.labels)))
    save_evaluation(path, replace(found, probabilities=sure, confusion=every_one_right))
    touch(path, 5)
    assert (cache.evaluation(path)[1].accuracy, cache.reliability(path, "width").mean_accuracy) == (1.0, 1.0)


def test_a_result_that_is_made_after_the_first_look_is_seen(own_run, tiny_pack):
    path = evaluation_path(own_run, tiny_pack.title, "official")
    kept = path.read_bytes()
    path.unlink()
    assert cache.evaluations(own_run) == {}
    path.write_bytes(kept)
    assert cache.evaluations(own_run) == {(tiny_pack.title, "official"): path}


def test_filters_along_the_way_follow_the_reports_of_a_run(own_run):
    filters = cache.filters(own_run)
    n = len(cache.evolution(own_run, filters)[1])
    progress = own_run / runs.PROGRESS
    progress.write_text("".join(progress.read_text().splitlines(keepends=True)[:1]))
    assert (n, len(cache.evolution(own_run, filters)[1])) == (2, 1)
