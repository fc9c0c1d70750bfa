"""Tests of the project as a whole: what is pinned, what is installed, what the checks catch."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

PROJECT = Path(__file__).resolve().parent.parent
# `make test` hands its own options to every make below it.
OUTER_ENVIRONMENT = {
    name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")
}
REQUIREMENT_FILES = tuple(f"requirements{extra}.txt" for extra in ("", "-export", "-tensorboard", "-tflite", "-dev"))


def run(*command, cwd=PROJECT, **environment):
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**OUTER_ENVIRONMENT, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=250,
    )


def tracked_files():
    """Files that are in the repository or would be with the next commit; every file where git is not at hand."""
    listing = (
        run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard") if shutil.which("git") else None
    )
    if listing and listing.returncode == 0:
        files = [PROJECT / name for name in listing.stdout.split("\0") if name]
    else:
        left_out = {".git", ".venv", ".make", "build", "__pycache__"}
        files = [path for path in PROJECT.rglob("*") if not left_out & set(path.relative_to(PROJECT).parts)]
    return [path for path in files if path.is_file()]


def requirement_lines(name):
    lines = (PROJECT / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith(("#", "-e ", "-r "))]


ALL_REQUIREMENTS = [line for name in REQUIREMENT_FILES for line in requirement_lines(name)]


@pytest.mark.parametrize("line", ALL_REQUIREMENTS, ids=lambda line: line.split("==")[0])
def test_every_requirement_is_pinned_explained_and_installed(line):
    wanted, _, reason = line.partition("  # ")
    assert reason.strip(), f"say behind {wanted} why it is there"
    requirement = Requirement(wanted)
    pin = re.fullmatch(r"==([\w.]+)", str(requirement.specifier))
    assert pin, f"{requirement.name} is not pinned to one version"
    if requirement.marker is None or requirement.marker.evaluate():
        # A local part, such as torch's +cpu, names a build of the same version.
        installed = Version(importlib.metadata.version(requirement.name)).public
        assert installed == pin[1]


def test_torch_is_the_agreed_one_and_no_audio_decoder_of_its_is_needed():
    lines = requirement_lines("requirements.txt")
    assert any(line.split()[0] == "torch==2.13.0" for line in lines)
    assert not {"torchaudio", "torchcodec", "ffmpeg"} & {Requirement(line.split("  #")[0]).name for line in lines}


def test_no_requirement_file_names_a_server():
    for name in REQUIREMENT_FILES:
        text = (PROJECT / name).read_text(encoding="utf-8")
        assert not re.search(r"://|--(extra-)?index-url|--find-links", text), name


def test_the_installed_project_is_found_from_any_folder(tmp_path):
    # -I leaves out the current folder and PYTHONPATH, as `streamlit run` leaves out the project's folder.
    code = (
        "from importlib.util import find_spec as find; print(find('core.config').origin, find('dashboard.app').origin)"
    )
    result = run(sys.executable, "-I", "-c", code, cwd=tmp_path)
    assert result.stdout.strip() == f"{PROJECT / 'core' / 'config.py'} {PROJECT / 'dashboard' / 'app.py'}"


def test_an_installation_would_carry_every_demo_word():
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = settings["tool"]["setuptools"]["package-data"]["core"]
    carried = {path for pattern in patterns for path in (PROJECT / "core").glob(pattern) if path.is_file()}
    demo_words = {path for path in tracked_files() if path.is_relative_to(PROJECT / "core" / "data" / "demo_words")}
    assert demo_words, "the demo words are missing"
    assert {path for path in demo_words if path.suffix != ".py"} <= carried


def test_make_lists_its_targets_and_knows_each_of_them():
    listed = re.findall(r"^  make (\S+)", run("make", "--silent").stdout, re.MULTILINE)
    assert {"app", "test", "check", "help"} <= set(listed)
    for target in listed:
        plan = run("make", "--dry-run", target)
        assert plan.returncode == 0, plan.stdout


def test_make_app_starts_the_dashboard_on_the_port_asked_for():
    plan = run("make", "-n", "app", "PORT=8599").stdout.splitlines()
    assert plan[-1].endswith("streamlit run dashboard/app.py --server.port=8599")


def test_make_says_what_to_do_without_a_python_that_is_new_enough(tmp_path):
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    result = run("bash", "scripts/setup_python.sh", PYTHON=str(old))
    assert result.returncode == 1
    assert "Python 3.11" in result.stdout
    assert "PYTHON=" in result.stdout


def test_continuous_integration_runs_the_checks_and_the_tests():
    script = (PROJECT / ".ci" / "run").read_text(encoding="utf-8")
    assert re.search(r"^make check\b", script, re.MULTILINE)
    assert re.search(r"^make test\b", script, re.MULTILINE)
    assert run("bash", "-n", ".ci/run").returncode == 0


def test_no_file_names_a_folder_of_one_computer():
    # Put together here, so that this file does not hold them.
    folder = re.compile(rb"(?<![\w.$}~*])/(" + b"|".join([b"wo" + b"rk", b"ro" + b"ot", b"ho" + b"me"]) + rb")/\w")
    found = [str(path.relative_to(PROJECT)) for path in tracked_files() if folder.search(path.read_bytes())]
    assert found == []


def test_streamlit_knows_every_setting_and_each_has_its_reason():
    from streamlit import config

    path = PROJECT / "dashboard" / ".streamlit" / "config.toml"
    text = path.read_text(encoding="utf-8")
    sections = list(tomllib.loads(text).items())
    for section, values in sections:
        known = config.get_options_for_section(section)
        for name, value in values.items():
            if isinstance(value, dict):
                sections.append((f"{section}.{name}", value))
            else:
                assert name in known, f"{section}.{name}"
    settings = [line for line in text.splitlines() if re.match(r"\w+ *=", line)]
    assert [line for line in settings if "  # " not in line] == []


FORBIDDEN_IMPORTS = {
    "Inside core, imports point one way": ("core/frontend/mel_scale.py", "import core.training.loop"),
    "Inside dashboard, imports point one way": ("dashboard/shared/wording.py", "import dashboard.views.speed"),
    "core never imports streamlit": ("core/training/presets.py", "import streamlit"),
    "core.figures never imports torch, not even through others": ("core/frontend/mel_scale.py", "import torch"),
    "dashboard.screens name no torch, plotly or numpy": ("dashboard/screens/planted.py", "import plotly.graph_objects"),
    "No circle of rooms or modules": ("core/text.py", "import core.errors"),
}


def test_each_import_contract_catches_a_module_that_breaks_it(tmp_path):
    for name in ("core", "dashboard"):
        shutil.copytree(PROJECT / name, tmp_path / name, ignore=shutil.ignore_patterns("demo_words", "__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    lint = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    assert (
        f"Contracts: {len(FORBIDDEN_IMPORTS)} kept, 0 broken."
        in run(*lint, cwd=tmp_path, PYTHONPATH=str(tmp_path)).stdout
    )
    for file, line in FORBIDDEN_IMPORTS.values():
        path = tmp_path / file
        with path.open("a", encoding="utf-8") as module:
            module.write(f"\n{line}\n")
    report = run(*lint, cwd=tmp_path, PYTHONPATH=str(tmp_path)).stdout
    kept_or_broken = dict(re.findall(r"^(.+?) (KEPT|BROKEN)$", report, re.MULTILINE))
    assert kept_or_broken == dict.fromkeys(FORBIDDEN_IMPORTS, "BROKEN"), report


def run_pytest_on(text, folder, **environment):
    """A test file run in a folder of its own under this project's conftest."""
    (folder / "tests").mkdir()
    shutil.copy(PROJECT / "tests" / "conftest.py", folder / "tests")
    (folder / "tests" / "test_one.py").write_text(text, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = cuda\n")
    unset = {"CI": "", "KWS_REQUIRE_ALL": ""}
    command = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests")
    return run(*command, cwd=folder, **{**unset, **environment})


SKIPS_ITSELF = "import pytest\ndef test_page():\n    pytest.skip('no browser')\n"


def test_a_skipped_test_passes_on_a_laptop(tmp_path):
    assert run_pytest_on(SKIPS_ITSELF, tmp_path).returncode == 0


@pytest.mark.parametrize("why", [{"CI": "true"}, {"KWS_REQUIRE_ALL": "1"}], ids=str)
@pytest.mark.parametrize(
    "text", [SKIPS_ITSELF, "import pytest\npytest.importorskip('no_such_browser')\n"], ids=["test", "file"]
)
def test_a_skipped_test_fails_in_continuous_integration_and_says_why(text, why, tmp_path):
    result = run_pytest_on(text, tmp_path, **why)
    assert result.returncode != 0
    assert "Every test has to run here" in result.stdout
    assert re.search("no browser|no_such_browser", result.stdout)


def test_a_test_for_a_gpu_may_be_skipped_where_there_is_none(tmp_path):
    text = "import pytest\n@pytest.mark.cuda\ndef test_gpu():\n    pass\n"
    result = run_pytest_on(text, tmp_path, CI="true", CUDA_VISIBLE_DEVICES="")
    assert result.returncode == 0, result.stdout
    assert "1 skipped" in result.stdout
