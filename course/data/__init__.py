"""The files that come with the course, each checked against ``card.json`` before it is read.

``card.json`` is the data card: source, licence, size and SHA-256 of every shipped file. The
arrays are read without pickles, so that a data file can never run code.
"""
from __future__ import annotations

import hashlib
import json
import pathlib

import numpy as np

from course import CourseError

FOLDER = pathlib.Path(__file__).resolve().parent
_checked = set()  # a file is hashed once per process: hashing it again could only cost time


def card() -> dict:
    """The data card as a dictionary; ``card()["files"]`` has one entry per shipped file."""
    remedy = "get it back with `git checkout course/data/card.json`."
    try:
        content = json.loads((FOLDER / "card.json").read_bytes())
    except FileNotFoundError:
        raise CourseError(f"card.json is missing: {remedy}") from None
    except (OSError, ValueError, RecursionError) as error:
        why = "not JSON" if isinstance(error, ValueError) else type(error).__name__
        raise CourseError(f"card.json is damaged ({why}): {remedy}") from None
    files = content.get("files") if isinstance(content, dict) else None
    if not isinstance(files, dict) or not all(
            isinstance(e, dict) and isinstance(e.get("sha256"), str) and type(e.get("bytes")) is int
            for e in files.values()):
        raise CourseError(f"card.json is damaged (it lists no files): {remedy}")
    return content


def path(name: str) -> pathlib.Path:
    """Where the shipped file ``name`` lies, after its size and SHA-256 were compared with the card.

    Raises :class:`course.CourseError`, in one sentence that says how to get the file back,
    when it is missing or differs.
    """
    if not isinstance(name, str):
        raise CourseError(f"The name of a data file is text in quotes, not {type(name).__name__}.")
    place = FOLDER / name
    if place in _checked:
        return place
    files = card()["files"]
    if name not in files:
        raise CourseError(f"{name!r} is not a file of the course; these are: {', '.join(sorted(files))}.")
    entry, problem = files[name], None
    try:
        size = place.stat().st_size
        if size != entry["bytes"]:
            problem = f"damaged ({size} bytes instead of {entry['bytes']})"
        elif _sha256(place) != entry["sha256"]:
            problem = "damaged (its SHA-256 differs from the one in card.json)"
    except FileNotFoundError:
        problem = "missing"
    except OSError as error:
        problem = f"not readable ({error.strerror})"
    if problem:
        rebuild = f", or rebuild it with `{entry['recipe']}`" if entry.get("recipe") else ""
        remedy = f"get it back with `git checkout course/data/{name}`{rebuild}."
        raise CourseError(f"{name} is {problem}: {remedy}")
    _checked.add(place)
    return place


def load_npz(name: str) -> dict[str, np.ndarray]:
    """All arrays of a shipped ``.npz`` file, by name; see :func:`path` for the errors."""
    with np.load(path(name), allow_pickle=False) as arrays:
        return dict(arrays)


def load_json(name: str):
    """The content of a shipped ``.json`` file; see :func:`path` for the errors."""
    return json.loads(path(name).read_bytes())


def record(name: str, **measured) -> dict:
    """Write size, SHA-256 and ``measured`` of the file ``name`` into the card; for recipes."""
    content, place = card(), FOLDER / name
    content["files"].setdefault(name, {}).update(
        measured, bytes=place.stat().st_size, sha256=_sha256(place))
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    (FOLDER / "card.json").write_bytes(text.encode())  # bytes: the same line ends on every system
    return content["files"][name]


def _sha256(place):
    with place.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
