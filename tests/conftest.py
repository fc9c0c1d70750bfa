"""What every test shares: where it may write, real data where there is some, and no silent skips in CI."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path

import hypothesis
import pytest

PROJECT = Path(__file__).resolve().parent.parent
SCRATCH = PROJECT / ".make"

# Examples are the same in every run, and a busy computer is no failure.
hypothesis.settings.register_profile("earshot", deadline=None, derandomize=True)
hypothesis.settings.load_profile("earshot")


class RequireAll:
    """Turns a skip into a failure: in CI a test that could not run must not look like one that passed."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item):
        report = yield
        allowed = hasattr(report, "wasxfail") or (item.get_closest_marker("cuda") and not gpu_is_there())
        return report if allowed else _fail_if_skipped(report)

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self):
        report = yield
        return _fail_if_skipped(report)


def _fail_if_skipped(report):
    if report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{reason}\nEvery test has to run here, because CI=true or KWS_REQUIRE_ALL=1 is set."
    return report


def pytest_configure(config):
    # A developer's own datasets and runs are neither read nor touched; packs of test data are kept between runs.
    for name in ("KWS_DATA", "KWS_RUNS"):
        os.environ.pop(name, None)
    os.environ["KWS_CACHE"] = str(SCRATCH / "packs")
    os.environ["KWS_RECORDINGS"] = str(SCRATCH / "recordings")
    if os.environ.get("CI") == "true" or os.environ.get("KWS_REQUIRE_ALL") == "1":
        # Registered here rather than written as hooks of this file, so that docstring examples in core count too.
        config.pluginmanager.register(RequireAll())


def gpu_is_there() -> bool:
    import torch

    return torch.cuda.is_available()


def pytest_runtest_setup(item):
    if item.get_closest_marker("cuda") and not gpu_is_there():
        pytest.skip("no GPU here")


@pytest.fixture(autouse=True)
def fixed_seed():
    """The same random numbers in every run, whatever ran before; tests without torch do not wait for its import."""
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@pytest.fixture(scope="session", autouse=True)
def installed_packages_are_looked_through_once():
    """Streamlit looks for components in all that is installed, for every page that a test opens; they stay the same."""
    if "streamlit.testing.v1" not in sys.modules:
        yield
        return
    from streamlit.components.v2 import manifest_scanner

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            manifest_scanner, "scan_component_manifests", functools.cache(manifest_scanner.scan_component_manifests)
        )
        yield


@pytest.fixture(scope="session")
def speech_commands_root() -> Path | None:
    """Folder that holds SpeechCommands/, or None: then tests make do with the embedded demo words.

    KWS_TEST_DATA names such a folder. Without it, the archives in ../shared/data are unpacked once, if they are there.
    """
    named = os.environ.get("KWS_TEST_DATA")
    if named:
        root = Path(named).expanduser().resolve()
        assert (root / "SpeechCommands").is_dir(), f"KWS_TEST_DATA is {named}, which holds no SpeechCommands folder."
        return root
    unpack = PROJECT.parent / "shared" / "data" / "unpack.py"
    if not unpack.is_file():
        return None
    import fcntl

    root = SCRATCH / "test-data"
    root.mkdir(parents=True, exist_ok=True)
    # Two test runs at once wait for each other; the second finds a finished folder.
    with (SCRATCH / "test-data.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run([sys.executable, str(unpack), str(root)], check=True, stdout=subprocess.DEVNULL)
    return root
