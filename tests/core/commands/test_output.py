"""What commands print arrives in every encoding; readers that leave and disks that are full end nothing loudly."""

import errno
import io
import json
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
import types
from pathlib import Path

import pytest
import soundfile

from core import commands
from core.commands import evaluate, main
from core.config import SAMPLE_RATE
from core.errors import DataError
from tests.core.conftest import tone
from tests.in_process import run_command
from tests.odd_paths import NOT_UTF8

pytestmark = pytest.mark.usefixtures("ctrl_c_as_before")

PROJECT = Path(__file__).parents[3]
SHIPPED = PROJECT / "checkpoints"
ENCODINGS = ("cp1252", "ascii", "latin-1", "utf-8", "utf-16")
SIGNS = "−×…\U0001f600"

COMMANDS = {
    "data": (),
    "train": ("--epochs", "1"),
    "enrol": ("mine", "--words", "{absent}"),
    "adapt": ("{run}", "--room", "{absent}"),
    "grid": ("--show", "{absent}"),
    "runs": (),
    "report": ("{run}", "--out", "{run}.html"),
    "export": ("{run}", "--npz", "{wav}.npz"),
    "evaluate": ("{run}", "--protocol", "testing-list"),
    "compare": ("{run}", "plain", "--protocol", "testing-list"),
    "experiment": ("{run}", "mask", "--mels", "3", "--protocol", "testing-list"),
    "word-length": ("{run}", "--protocol", "testing-list"),
    "classify": ("{run}", "{wav}", "{absent}"),
    "robustness": ("{run}", "--clips", "12", "--change", "gain", "--protocol", "testing-list"),
    "detect": ("{run}", "{wav}", "{absent}"),
    "listen": ("--list-devices",),
    "benchmark": ("--tasks", "{absent}"),
    "stream-test": ("{run}", "--snr", "clean", "--minutes", "0.5", "--protocol", "testing-list"),
}
"""Each command, so that it prints what it has to say within a second or two."""

FAILS = {"classify": 1, "detect": 1, "grid": 1, "benchmark": 2, "enrol": 2, "adapt": 2}
"""What those end with that name a file which is not there."""


def test_the_list_of_commands_above_is_whole():
    (choices,) = (one.choices for one in commands.build_parser()._actions if one.choices)
    assert set(COMMANDS) == set(choices)


@pytest.fixture
def odd_names(runs_here, tone_root, tmp_path, monkeypatch):
    """Names for a run, a recording and a file that is not there, which few encodings have, and one none has."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KWS_DATA", str(tone_root))
    monkeypatch.setenv("KWS_CACHE", str(PROJECT / ".make" / "packs"))
    shutil.copytree(SHIPPED / "shipped-linear-A", runs_here / "plain")

    def make(name):
        shutil.copytree(SHIPPED / "shipped-linear-A", tmp_path / name)
        soundfile.write("tone.wav", tone(440), SAMPLE_RATE)
        Path("tone.wav").rename(f"{name}.wav")
        return {"run": str(tmp_path / name), "wav": f"{name}.wav", "absent": f"{name}.absent"}

    return make


@pytest.fixture
def printed():
    """A function that runs a command with an output of some encoding, and answers exit code, output and errors."""
    return lambda encoding, *arguments: run_command(arguments, encoding)


@pytest.mark.parametrize("name", [SIGNS, NOT_UTF8], ids=["signs", "no text"])
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_prints_in_every_encoding(odd_names, printed, command, name):
    names = odd_names(name)
    arguments = [one.format(**names) for one in COMMANDS[command]]
    told = {}
    for encoding in ("utf-8", "cp1252", "ascii"):
        code, out, err = told[encoding] = printed(encoding, command, *arguments)
        # There may be no sound card to list the devices of.
        assert command == "listen" or code == FAILS.get(command, 0)
        assert out or err
    codes = {code for code, _, _ in told.values()}
    assert len(codes) == 1, told
    if command not in ("train", "report", "listen"):  # their output tells the time, a name or a size
        for _, out, err in told.values():
            assert [len(text.splitlines()) for text in (out, err)] == [
                len(text.splitlines()) for text in told["utf-8"][1:]
            ]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_help_comes_in_every_encoding(printed, encoding):
    for command in (None, *COMMANDS):
        code, out, err = printed(encoding, *([] if command is None else [command]), "--help")
        assert (code, err) == (0, "")
        assert "usage: python -m core" in out


def test_signs_that_an_encoding_lacks_are_written_with_those_it_has(printed, monkeypatch):
    signs = "−0.4 – 1 × 2 … “yes” é € 日 caf\udce9"
    monkeypatch.setattr(commands.runs, "run", lambda _options: print(signs) or 0)
    assert printed("utf-8", "runs")[1] == "−0.4 – 1 × 2 … “yes” é € 日 caf\\xe9\n"
    assert printed("cp1252", "runs")[1] == "-0.4 – 1 × 2 … “yes” é € \\u65e5 caf\\xe9\n"
    assert printed("ascii", "runs")[1] == '-0.4 - 1 x 2 ... "yes" \\xe9 \\u20ac \\u65e5 caf\\xe9\n'


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", [SIGNS, NOT_UTF8], ids=["signs", "no text"])
def test_names_of_files_survive_json_in_every_encoding(odd_names, printed, name, encoding):
    names = odd_names(name)
    for command in ("classify", "detect"):
        code, out, _ = printed(encoding, command, "plain", names["wav"], names["absent"], "--json")
        assert code == 1
        files = [json.loads(line)["file"] for line in out.splitlines()]
        assert files[-1] == names["absent"]
        assert os.fsencode(files[-1]) == os.fsencode(names["absent"])
        assert set(files[:-1]) <= {names["wav"]}


def test_a_name_sends_no_commands_to_a_terminal(odd_names, printed):
    names = odd_names("\x1b[2J\x07\nx")
    for command in ("classify", "detect"):
        _, out, err = printed("utf-8", command, "plain", names["wav"], names["absent"])
        assert "\x1b" not in out + err
        assert "\\x1b[2J\\x07" in out
        assert "\\x1b[2J\\x07" in err


class Refusing(io.RawIOBase):
    """A disk or pipe that takes nothing."""

    def __init__(self, number):
        self.number = number

    def writable(self):
        return True

    def write(self, _content):
        raise OSError(self.number, os.strerror(self.number))


def refusing(number):
    return io.TextIOWrapper(io.BufferedWriter(Refusing(number)), encoding="utf-8", line_buffering=True)


@pytest.mark.parametrize("text", ["short", "long " * 10_000])
@pytest.mark.parametrize(("number", "code"), [(errno.EPIPE, 0), (errno.ENOSPC, 1), (errno.EIO, 1)])
def test_an_output_that_takes_nothing_is_told_in_a_sentence_and_a_reader_that_left_is_not(
    monkeypatch, capsys, number, code, text
):
    monkeypatch.setattr(commands.runs, "run", lambda _options: print(text) or 0)
    monkeypatch.setattr(sys, "stdout", refusing(number))
    assert main(["runs"]) == code
    said = capsys.readouterr().err
    assert said.startswith("error: ") == (code == 1)
    assert ("No space left" in said) == (number == errno.ENOSPC)
    assert "Traceback" not in said


@pytest.mark.parametrize("number", [errno.EPIPE, errno.ENOSPC, errno.EIO])
def test_nobody_reading_the_remarks_does_not_end_a_training(runs_here, tone_root, monkeypatch, capsys, number):
    monkeypatch.setenv("KWS_CACHE", str(PROJECT / ".make" / "packs"))
    monkeypatch.setattr(sys, "stderr", refusing(number))
    assert main(["train", "--epochs", "1", "--data", str(tone_root), "--run", "unheard", "--device", "cpu"]) == 0
    assert "unheard: done after 1 of 1 epochs" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("raised", "code", "words"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (DataError("There is none."), 1, "error: There is none."),
        (OSError(errno.ENOSPC, "No space left on device", "/there/best.pt"), 1, "No space left on device (/there/best"),
        (PermissionError(errno.EACCES, "Permission denied", "/there"), 1, "Permission denied (/there)"),
        (MemoryError(), 1, "not enough memory"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), 1, "not enough memory"),
    ],
)
@pytest.mark.parametrize("command", COMMANDS)
def test_what_stands_in_the_way_is_a_sentence_in_every_command(monkeypatch, capsys, command, raised, code, words):
    def fail(_options):
        raise raised

    module = getattr(commands, command.replace("-", "_"))
    monkeypatch.setattr(module, "run", fail)
    needed = {
        "enrol": ["a", "--words", "b"],
        "adapt": ["a", "--room", "b"],
        "evaluate": ["a"],
        "compare": ["a"],
        "experiment": ["a", "swap"],
        "classify": ["a", "b"],
        "report": ["a"],
        "export": ["a"],
        "robustness": ["a"],
        "detect": ["a", "b"],
        "stream-test": ["a"],
        "word-length": ["a"],
    }
    assert main([command, *needed.get(command, [])]) == code
    said = capsys.readouterr()
    assert words in said.err
    assert said.out == ""


def test_a_mistake_of_ours_stays_loud(monkeypatch):
    def fail(_options):
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr(evaluate, "run", fail)
    with pytest.raises(RuntimeError, match="shapes"):
        main(["evaluate", "a"])


def program(*arguments, **more):
    command = [sys.executable, "-m", "core", *arguments]
    environment = {**os.environ, "KWS_RUNS": str(SHIPPED), **more.pop("environment", {})}
    return subprocess.Popen(command, cwd=PROJECT, env=environment, stderr=subprocess.PIPE, **more)


def test_comparing_with_an_output_of_windows_encoding_prints_the_table(odd_names, printed):
    # Born from a bug: nothing at all was printed, since one sign was not to be had.
    models = [str(SHIPPED / f"shipped-linear-{setting}") for setting in "AD"]
    code, out, err = printed("cp1252", "compare", *models, "--protocol", "testing-list")
    assert code == 0, err
    assert "shipped-linear-D" in out
    assert "Traceback" not in err


PRINTS = r"""
from core import commands
commands.runs.run = lambda _options: print("\u22120.4 % \u201cyes\u201d") or 0
raise SystemExit(commands.main(["runs"]))
"""


def test_a_pipe_of_windows_encoding_is_written_to_with_the_signs_that_it_has():
    environment = {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", PRINTS], cwd=PROJECT, env={**os.environ, **environment}, capture_output=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.splitlines() == ["-0.4 % “yes”".encode("cp1252")]


def test_a_reader_that_leaves_ends_a_command_quietly():
    process = program("runs", "--json", stdout=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(60) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_full_disk_under_the_output_is_a_sentence_and_exit_code_1():
    with Path("/dev/full").open("wb") as full:
        process = program("runs", stdout=full)
        err = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert err.startswith(b"error: ")
    assert err.count(b"\n") == 1


def with_closed(closed, *arguments, **environment):
    """What a program wrote to output and errors that a POSIX shell started with some of them closed; it ended well."""
    shell = f'"$0" -m core "$@"{"".join(f" {number}>&-" for number in closed.split())}'
    command = ["sh", "-c", shell, sys.executable, *map(str, arguments)]
    done = subprocess.run(
        command, cwd=PROJECT, env={**os.environ, **environment}, capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


@pytest.mark.skipif(os.name == "nt", reason="closing an output before the start is a POSIX shell's habit")
@pytest.mark.parametrize("closed", ["1", "2"])
def test_an_output_that_was_closed_before_the_start_is_no_error_and_takes_no_part(
    closed, printed, tone_root, tmp_path, monkeypatch
):
    """The next file that is opened gets the number of the output: nothing that is printed may end up in it."""
    cache = tmp_path / "packs"
    monkeypatch.setenv("KWS_CACHE", str(cache))
    code, out, err = printed("utf-8", "data", "--data", str(tone_root))
    assert code == 0, err
    expected = contents(cache)
    shutil.rmtree(cache)
    told = with_closed(closed, "data", "--data", tone_root, KWS_CACHE=str(cache))
    assert told == ((b"", err.encode()) if closed == "1" else (out.encode(), b""))
    assert len(expected) > 3
    assert contents(cache) == expected


def contents(folder):
    """What the files of a folder hold, apart from when they were made."""
    return {
        path.relative_to(folder): re.sub(rb'"made_at": "[^"]*"', b"", path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.skipif(os.name == "nt", reason="closing an output before the start is a POSIX shell's habit")
def test_with_both_outputs_closed_a_report_is_written(tmp_path):
    file = tmp_path / "report.html"
    assert with_closed("1 2", "report", "shipped-linear-A", "--out", file, KWS_RUNS=str(SHIPPED)) == (b"", b"")
    assert file.read_bytes().startswith(b"<!DOCTYPE html>")


INTERRUPTED = """
import time
from core import commands
commands.runs.run = lambda _options: print("begun", flush=True) or time.sleep(60)
raise SystemExit(commands.main(["runs"]))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to a whole console")
def test_ctrl_c_ends_a_command_with_a_word_and_its_own_exit_code():
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Programs in the background of a shell are started with Ctrl-C ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[1] == "interrupted\n"
    assert process.returncode == 130


def test_ctrl_c_while_the_program_is_loading_is_a_word_too(monkeypatch, capsys):
    class Interrupted(types.ModuleType):
        def __getattr__(self, name):
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "core.commands", Interrupted("core.commands"))
    with pytest.raises(SystemExit) as end:
        runpy.run_module("core", run_name="__main__")
    assert end.value.code == 130
    assert capsys.readouterr() == ("", "interrupted\n")
