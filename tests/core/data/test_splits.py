"""A clip that a list could mean is never trained on, however the list is spelled."""

import codecs
import os
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.data.speech_commands import speech_commands
from core.data.splits import LISTS, TESTING_LIST, VALIDATION_LIST, clip_key, split_by_hash
from core.errors import DataError

SPLITS = ("train", "validation", "testing-list", "official")


def splits_of(root):
    """Files of every split in table order, without silence."""
    cuts = [cut for recording in speech_commands(root).recordings() for cut in recording.cuts]
    return {split: [c.file for c in cuts if c.split == split and c.word != "_silence_"] for split in SPLITS}


def problems_of(root):
    return speech_commands(root).problems


def respell(folder, spell, names=(VALIDATION_LIST, TESTING_LIST), encode=str.encode):
    for name in names:
        lines = (folder / name).read_text().split()
        (folder / name).write_bytes(encode("".join(f"{spell(line)}\n" for line in lines)))


@pytest.fixture(autouse=True)
def _only_four_words_exist(monkeypatch):
    monkeypatch.setattr("core.data.speech_commands.WORDS", ("bed", "no", "tree", "yes"))
    monkeypatch.setattr("core.data.speech_commands.LABELS", ("no", "yes", "_silence_", "_unknown_"))


# --- spellings of a name


SPELLINGS = {
    "dot": lambda line: f"./{line}",
    "folder": lambda line: f"speech_commands_v0.02/{line}",
    "folders": lambda line: f"SpeechCommands/speech_commands_v0.02/{line}",
    "absolute": lambda line: f"/srv/data/SpeechCommands/speech_commands_v0.02/{line}",
    "windows": lambda line: "C:\\data\\speech_commands_v0.02\\" + line.replace("/", "\\"),
    "backslash": lambda line: line.replace("/", "\\"),
    "slashes": lambda line: f".//{line.replace('/', '//')}",
    "dots within": lambda line: line.replace("/", "/./"),
    "up and down": lambda line: f"../speech_commands_v0.02/{line}",
    "spaces": lambda line: f"  {line} \t ",
    "capitals": str.upper,
    "title": str.title,
    "carriage return": lambda line: f"{line}\r",
    "quotes": lambda line: f'"{line}"',
    "columns": lambda line: f"{line},{line.split('/')[0]},16000",
    "number in front": lambda line: f"17,{line}",
    "tabs": lambda line: f"{line}\tyes",
    "no ending": lambda line: line.removesuffix(".wav"),
    "two endings": lambda line: f"{line}.wav",
    "address": lambda line: f"file:///data/{line}",
    "comments between": lambda line: f"# a note\n\n{line}",
    "twice": lambda line: f"{line}\n./{line}",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_a_list_gives_the_same_splits(tree, words_folder, spelling):
    plain = splits_of(tree)
    assert all(plain.values())
    respell(words_folder, SPELLINGS[spelling])
    assert splits_of(tree) == plain
    assert problems_of(tree) == ()


def test_all_names_on_one_line_are_found(tree, words_folder):
    plain = splits_of(tree)
    for name in LISTS.values():
        (words_folder / name).write_text(", ".join((words_folder / name).read_text().split()))
    assert splits_of(tree) == plain


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode("utf-16-be"),
        lambda text: text.encode("utf-32"),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: text.encode().rstrip(b"\n"),
        lambda text: b"".join(codecs.BOM_UTF8 + line for line in text.encode().splitlines(keepends=True)),
    ],
)
def test_every_encoding_of_a_list_gives_the_same_splits(tree, words_folder, encode):
    plain = splits_of(tree)
    respell(words_folder, str, encode=encode)
    assert splits_of(tree) == plain
    assert problems_of(tree) == ()


PREFIXES = st.lists(
    st.one_of(
        st.sampled_from(["", ".", "..", "C:", "speech_commands_v0.02", "yes", "Meine Töne", "no"]),
        st.text(string.ascii_letters + string.digits + " _-é", max_size=8),
    ),
    max_size=4,
)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    prefixes=PREFIXES,
    seed=st.randoms(use_true_random=False),
    slash=st.sampled_from(["/", "\\", "//", "/./"]),
    behind=st.sampled_from(["", " ", "\t", "\r", ",yes", ";", " # heard twice"]),
    coding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_any_mixture_of_spellings_gives_the_same_splits(tree, words_folder, prefixes, seed, slash, behind, coding):
    plain = {name: (words_folder / name).read_text() for name in LISTS.values()}
    right = splits_of(tree)

    def spell(line):
        cased = "".join(seed.choice((letter.lower(), letter.upper())) for letter in line)
        return slash.join((*prefixes, *cased.split("/"))) + behind

    try:
        respell(words_folder, spell, encode=lambda text: text.encode(coding))
        assert splits_of(tree) == right
    finally:
        for name, text in plain.items():
            (words_folder / name).write_text(text)


# --- what matches nothing, or could mean something else


def test_a_list_that_matches_nothing_is_refused_with_an_example_of_both(tree, words_folder):
    respell(words_folder, lambda line: line.replace("_nohash_", "-"), [VALIDATION_LIST])
    with pytest.raises(DataError, match=r"validation_list\.txt names 8 clips.* not one.*-.*_nohash_.*remove the file"):
        speech_commands(tree)


def test_the_official_lists_beside_a_few_clips_are_no_problem_of_the_split(tree, words_folder):
    """A subset lacks most of what the official lists name; each name that is here counts, one is enough."""
    plain = splits_of(tree)
    for name in LISTS.values():
        with (words_folder / name).open("a") as stream:
            stream.writelines(f"happy/{number:08x}_nohash_0.wav\n" for number in range(10_000))
    assert splits_of(tree) == plain
    assert {problem.what for problem in problems_of(tree) if problem.file.startswith("happy/")} == {
        f"{name} names it, but there is no such clip" for name in LISTS.values()
    }


def test_a_name_without_its_words_folder_is_refused_if_a_clip_has_it(tree, words_folder):
    line = (words_folder / TESTING_LIST).read_text().split()[0]
    for spelled in (line.split("/")[1], f"clips/{line.split('/')[1]}", f"_unknown_/{line.replace('/', '_')}"):
        rest = (words_folder / TESTING_LIST).read_text().split()[1:]
        (words_folder / TESTING_LIST).write_text("\n".join([spelled, *rest]))
        with pytest.raises(DataError, match=r"testing_list\.txt names .*, which may be .* or not"):
            speech_commands(tree)
        (words_folder / TESTING_LIST).write_text("\n".join([line, *rest]))


def test_what_the_official_lists_have_lost_is_left_out_of_training(tree, words_folder):
    """A list that was cut short on its way is still the official one: its speakers are known."""
    whole = splits_of(tree)
    for name in LISTS.values():
        half = (words_folder / name).read_text().split()[::2]
        (words_folder / name).write_text("\n".join(half))
    assert splits_of(tree)["train"] == whole["train"]
    reported = [problem.file for problem in problems_of(tree) if problem.action == "left out of training"]
    # What is missing of the testing list lies in the official test set too.
    assert len(reported) == 2
    assert VALIDATION_LIST in reported


def test_clips_of_ones_own_speakers_beside_the_official_ones_are_trained_on(tree, words_folder):
    sound = (words_folder / splits_of(tree)["train"][0]).read_bytes()
    mine = [f"yes/{name}_nohash_0.wav" for name in string.ascii_lowercase]
    assert {split_by_hash(file) for file in mine} > {"train"}
    for file in mine:
        (words_folder / file).write_bytes(sound)
    assert set(splits_of(tree)["train"]) > set(mine)
    assert problems_of(tree) == ()


def test_no_clip_of_the_official_test_set_is_trained_on_or_validated_with(tree, words_folder):
    whole = splits_of(tree)
    mine = [file for file in whole["train"] if file.startswith("yes/")][:1]
    test_clip = next(file for file in whole["testing-list"] if file.startswith("yes/"))
    # Lists of one's own: not those of the official speakers.
    (words_folder / VALIDATION_LIST).write_text("\n".join([*mine, test_clip]))
    (words_folder / TESTING_LIST).write_text(whole["validation"][0])
    split = splits_of(tree)
    assert set(split["train"]).isdisjoint(whole["testing-list"])
    assert split["validation"] == mine
    assert test_clip in {problem.file for problem in problems_of(tree)}


def test_lists_of_ones_own_that_share_speakers_with_training_are_taken_and_reported(
    tree, words_folder, test_set_folder
):
    test_set_folder.rename(tree / "elsewhere")
    train = splits_of(tree)["train"]
    (words_folder / VALIDATION_LIST).write_text(train[0])
    (words_folder / TESTING_LIST).write_text(train[1])
    assert splits_of(tree)["validation"] == [train[0]]
    shared = [problem for problem in problems_of(tree) if "speakers" in problem.what]
    assert {problem.file for problem in shared} == {VALIDATION_LIST, TESTING_LIST}
    assert all("too high" in problem.action for problem in shared)


def test_a_list_that_is_no_file_or_endless_is_refused(tree, words_folder):
    (words_folder / VALIDATION_LIST).unlink()
    (words_folder / VALIDATION_LIST).symlink_to("/dev/zero")
    with pytest.raises(DataError, match="not a regular file"):
        speech_commands(tree)
    (words_folder / VALIDATION_LIST).unlink()
    os.mkfifo(words_folder / VALIDATION_LIST)
    with pytest.raises(DataError, match="not a regular file"):
        speech_commands(tree)
    (words_folder / VALIDATION_LIST).unlink()
    with (words_folder / VALIDATION_LIST).open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(DataError, match="at most"):
        speech_commands(tree)


@pytest.mark.timeout(60)  # looking for names took five minutes once: the time grew with the square of the length
def test_a_long_line_of_a_list_is_read_in_no_time_and_shown_short(tree, words_folder):
    for junk in (
        "a" * 300_000,
        "yes/" * 100_000,
        "yes/" + "." * 300_000,
        "/ " * 150_000,
        "_nohash_1" * 40_000,
        ".wav" * 80_000 + "x",
    ):
        with (words_folder / VALIDATION_LIST).open("a") as stream:
            stream.write(f"\n{junk}")
    assert max(len(problem.file) for problem in problems_of(tree)) < 1000


# --- folders and files spelled otherwise


def recase(path, name):
    path.rename(path.with_name(name))


def test_folders_and_files_in_other_case_are_taken(tree, words_folder, test_set_folder):
    plain = splits_of(tree)
    noises = speech_commands(tree).recordings()[-1]
    assert noises is not None
    for folder in (words_folder / "yes", test_set_folder / "yes"):
        for clip in list(folder.iterdir()):
            recase(clip, clip.name.upper().replace(".WAV", ".Wav"))
        recase(folder, "Yes")
    for noise in list((words_folder / "_background_noise_").glob("*.wav")):
        recase(noise, noise.name.title())
    recase(words_folder / "_background_noise_", "_Background_Noise_")
    recase(words_folder / VALIDATION_LIST, "Validation_List.txt")
    recase(test_set_folder, "Speech_Commands_Test_Set_V0.02")
    recase(words_folder, "Speech_Commands_V0.02")
    recase(words_folder.parent, "speechcommands")
    split = splits_of(tree)
    assert {name: sorted(map(str.lower, files)) for name, files in split.items()} == {
        name: sorted(files) for name, files in plain.items()
    }
    source = speech_commands(tree)
    cuts = [cut for recording in source.recordings() for cut in recording.cuts]
    assert {cut.word for cut in cuts} == {"bed", "no", "tree", "yes", "_silence_"}
    assert {recording.noise_name for recording in source.recordings()} == {
        "",
        "dude_miaowing",
        "white_noise",
        "exercise_bike",
        "doing_the_dishes",
        "pink_noise",
    }
    assert [(problem.file, problem.action) for problem in source.problems] == [("Yes/", "taken as yes/")]
    assert all(os.path.exists(recording.path) for recording in source.recordings())  # noqa: PTH110


def test_two_folders_of_one_word_are_one_and_a_clip_in_both_counts_once(tree, words_folder):
    plain = splits_of(tree)
    second = words_folder / "Yes"
    second.mkdir()
    for clip in (words_folder / "yes").iterdir():
        (second / clip.name.upper()).write_bytes(b"RIFF")
    new = second / "0a1b2c3d_nohash_9.wav"
    new.write_bytes((words_folder / plain["train"][0]).read_bytes())
    split = splits_of(tree)
    assert split["train"] == ["Yes/0a1b2c3d_nohash_9.wav", *plain["train"]]
    assert {name: split[name] for name in LISTS} == {name: plain[name] for name in LISTS}
    assert sum("same clip by its name" in problem.what for problem in problems_of(tree)) == 6


def test_a_linked_word_folder_is_read_and_a_link_in_a_circle_is_no_clip(tree, words_folder):
    plain = splits_of(tree)
    (words_folder / "yes").rename(tree / "elsewhere")
    (words_folder / "yes").symlink_to(tree / "elsewhere")
    (words_folder / "no" / "0a1b2c3d_nohash_7.wav").symlink_to("0a1b2c3d_nohash_7.wav")
    (words_folder / "no" / "0a1b2c3d_nohash_8.wav").symlink_to("nowhere")
    assert splits_of(tree) == plain
    assert [problem.what for problem in problems_of(tree)] == ["it is not a .wav file"] * 2


def test_names_that_no_terminal_prints_become_problems_that_one_does(tree, words_folder):
    plain = splits_of(tree)
    words = os.fsencode(words_folder)
    for name in (b"caf\xe9", b"new\nline", b"\x1b[31mred", b"\xff" * 100):
        os.mkdir(words + b"/" + name)  # noqa: PTH102
        (words_folder / "yes" / os.fsdecode(name)).touch()
    for number in range(300):
        (words_folder / f"word{number}").mkdir()
    assert splits_of(tree) == plain
    problems = problems_of(tree)
    assert len(problems) < 250
    assert all(text.isprintable() for problem in problems for text in vars(problem).values())
    assert "caf\\xe9/" in {problem.file for problem in problems}


def test_a_speaker_with_a_name_that_is_no_utf_8_is_a_speaker(tree, words_folder):
    clip = os.fsencode(words_folder) + b"/yes/caf\xe9_nohash_0.wav"
    with open(clip, "wb") as stream:  # noqa: PTH123
        stream.write((words_folder / splits_of(tree)["train"][0]).read_bytes())
    files = [file for split in splits_of(tree).values() for file in split]
    assert files.count(os.fsdecode(b"yes/caf\xe9_nohash_0.wav")) == 1


def test_a_folder_that_may_not_be_read_is_a_problem(tree, monkeypatch):
    from core.data import speech_commands as module

    plain, entries = splits_of(tree), module._entries

    def denied(folder):
        if str(folder).endswith("tree"):
            raise PermissionError(13, "Permission denied", str(folder))
        return entries(folder)

    monkeypatch.setattr(module, "_entries", denied)
    split = splits_of(tree)
    assert split["train"] == [file for file in plain["train"] if not file.startswith("tree/")]
    assert ("tree/", "the folder cannot be read (Permission denied)") in [(p.file, p.what) for p in problems_of(tree)]


def test_the_key_of_a_clip_is_its_word_and_name():
    same = ("yes/0a1b2c3d_nohash_0.wav", "./YES/0A1B2C3D_NOHASH_0.WAV.wav", "/x/yes/0a1b2c3d_nohash_0")
    assert {clip_key(file) for file in same} == {"yes/0a1b2c3d_nohash_0"}
    assert clip_key("yes/0a1b2c3d_nohash_10.wav") != clip_key("yes/0a1b2c3d_nohash_1.wav")
    assert split_by_hash("yes/0C540988_NOHASH_0.WAV") == split_by_hash("yes/0c540988_nohash_0.wav") == "testing-list"
