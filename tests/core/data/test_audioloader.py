import re
import sys
from pathlib import Path

import pytest

from core.config import LABELS, UNKNOWN_WORDS
from core.data.audioloader import audioloader_files, speechcommands_module
from core.errors import DataError
from tests.audioloader import audioloader_subset

PROJECT = Path(__file__).parents[3]


def test_labels_and_their_order_are_audioloaders():
    assert {label: number for number, label in enumerate(LABELS)} == speechcommands_module().name2idx


def test_unknown_words_are_audioloaders():
    assert list(UNKNOWN_WORDS) == speechcommands_module().UNKNOWN


def test_the_stand_in_for_torchaudio_is_gone_after_the_import():
    before = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "torchaudio"}
    speechcommands_module.cache_clear()
    module = speechcommands_module()
    after = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "torchaudio"}
    assert after == before
    assert module.torchaudio not in after.values()


def test_a_torchaudio_that_is_there_comes_back_after_the_import(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchaudio", real := object())
    speechcommands_module.cache_clear()
    assert speechcommands_module().torchaudio is not real
    assert sys.modules["torchaudio"] is real


def test_only_its_one_file_is_imported():
    speechcommands_module()
    assert not [name for name in sys.modules if name.split(".")[0] in ("AudioLoader", "mido")]


def test_nothing_is_printed(tree, capfd):
    dataset = audioloader_subset(tree, "validation")
    assert len(dataset) > 0
    assert capfd.readouterr() == ("", "")


def test_a_missing_dataset_is_named(tmp_path):
    with pytest.raises(DataError, match=r"validation_list\.txt"):
        audioloader_files(tmp_path, "validation")


def test_it_downloads_nothing():
    with pytest.raises(DataError, match="downloads nothing"):
        speechcommands_module().download_url("http://localhost", "nowhere")


def test_no_other_file_imports_audioloader():
    pattern = re.compile(r"^\s*(import|from) AudioLoader|find_spec\(\"AudioLoader", re.MULTILINE)
    files = [path for folder in ("core", "dashboard") for path in (PROJECT / folder).rglob("*.py")]
    assert [path.name for path in files if pattern.search(path.read_text(encoding="utf-8"))] == ["audioloader.py"]
