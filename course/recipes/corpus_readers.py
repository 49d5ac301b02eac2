"""Text out of the packages of the corpus: archives are read, nothing in them is ever run.

A reader takes the bytes of one file and gives its text. ``members`` walks through a package.
"""
from __future__ import annotations

import gzip
import html
import io
import json
import pathlib
import re
import struct
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator


def members(archive: pathlib.Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """Path and bytes of every wanted file of a .deb, .tgz or .whl, in order of the archive."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as opened:
            for name in filter(wanted, opened.namelist()):
                yield name, opened.read(name)
        return
    source = _data_of_deb(archive.read_bytes()) if archive.suffix == ".deb" else archive.read_bytes()
    with tarfile.open(fileobj=io.BytesIO(source)) as opened:
        for member in opened:
            name = member.name.removeprefix("./")
            if member.isfile() and wanted(name):
                content = opened.extractfile(member).read()
                zipped = name.endswith((".gz", ".dz"))
                yield name, gzip.decompress(content) if zipped else content


def _data_of_deb(raw):
    """The tar of a Debian package, which is an ar archive."""
    if not raw.startswith(b"!<arch>\n"):
        raise ValueError("it is not a Debian package")
    at = 8
    while at < len(raw):
        name, size = raw[at:at + 16].decode().strip(), int(raw[at + 48:at + 58])
        if name.startswith("data.tar"):
            return raw[at + 60:at + 60 + size]
        at += 60 + size + size % 2
    raise ValueError("it has no data.tar")


def normalise(text: str) -> str:
    """NFC, plain line ends, no control characters, no blanks at line ends, at most one empty line."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n"))
    text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\ufffd\ufffe\uffff\ue000-\uf8ff]", "", text)
    text = re.sub(r"[ \t\u00a0]+\n", "\n", text.replace("\u00a0", " "))
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n")


def plain(raw: bytes) -> str:
    """UTF-8 text as it is; a file in another encoding gives nothing."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return ""


def page(raw: bytes) -> str:
    """The visible text of HTML or of a DocBook or Mallard page, one paragraph a line."""
    text = plain(raw)
    text = re.sub(r"(?s)<!--.*?-->|<(script|style|head|header|aside|nav|footer|info|button)\b.*?</\1>", " ", text)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"(?i)</?(?:p|div|h\d|li|ul|ol|dl|dt|dd|tr|table|pre|br|section|title|item|note|steps|list|page|"
                  r"blockquote|article|body)\b[^>]*>", "\n\n", text)
    text = html.unescape(re.sub(r"<[^>]*>", "", text))
    return re.sub(r" *\n[ \n]*", "\n\n", text)


def manual(raw: bytes) -> str:
    """The text of a man page: requests of roff dropped, their words kept."""
    lines = []
    for line in re.sub(r"(?ms)^\.TS.*?\.$", "", plain(raw)).split("\n"):
        if line.startswith((".\\\"", "'\\\"", ".TH", ".de", ".if", ".ie", ".el", ".nr", ".ds", ".so", ".ad", ".nh")):
            continue
        if found := re.match(r"[.'] *(S[HS]|[BIRSM]{1,2}|TP|I?P|PP|LP|UR|MT)\b ?(.*)", line):
            border = found[1] in ("SH", "SS", "TP", "IP", "PP", "LP", "P")
            words = "" if found[1] in ("TP", "PP", "LP", "P") else found[2]
            glue = "" if re.fullmatch("[BIR]{2}", found[1]) else " "
            words = glue.join(quoted or bare for quoted, bare in re.findall(r'"([^"]*)"|(\S+)', words))
            line = f"\n{words}" if border else words
        elif line.startswith((".", "'")):
            continue
        lines.append(line)
    text = re.sub(r"\\f(?:\[\w*\]|\(\w\w|.)|\\[&,/%:|^]|\\s[-+]?\d", "", "\n".join(lines))
    for mark, letter in {r"\-": "-", r"\(aq": "'", r"\(dq": '"', r"\(co": "©", r"\(bu": "•", r"\(em": "—", r"\(en": "–",
                         r"\(lq": "“", r"\(rq": "”", r"\ ": " ", r"\~": " ", r"\e": "\\", r"\(rs": "\\"}.items():
        text = text.replace(mark, letter)
    return re.sub(r"\\\[\w+\]|\\\(\w\w|\\[cpz]|\\\".*", "", text)


def messages(raw: bytes) -> str:
    """The translations in a gettext .mo file, one a line, untranslated and very short ones left out."""
    order = "<" if raw[:4] == b"\xde\x12\x04\x95" else ">"
    count, originals, translations = struct.unpack(f"{order}3I", raw[8:20])
    lines = []
    for i in range(count):
        pair = []
        for table in (originals, translations):
            length, start = struct.unpack(f"{order}2I", raw[table + 8 * i:table + 8 * i + 8])
            pair.append(raw[start:start + length].decode("utf-8", "ignore").split("\0")[0])
        line = re.sub(r"\s+", " ", re.sub(r"<[^>]*>|[_~](?=\w)|\$\(\w+\)", "", pair[1])).strip()
        if len(line) >= 12 and pair[1] != pair[0].split("\x04")[-1] and i:
            lines.append(line)
    return "\n".join(lines)


def sayings(raw: bytes) -> str:
    """A fortune file: sayings as paragraphs."""
    return re.sub(r"(?m)^%\s*$", "", re.sub(r"\x1b\[[\d;]*m", "", plain(raw)))


def tagged(raw: bytes) -> str:
    """The Brown corpus, word/tag: words put together again as they were printed, a sentence a line."""
    text = re.sub(r"(\S+)/[^\s/]+(?=\s|$)", r"\1", plain(raw))
    text = re.sub(r"``\s*", '"', re.sub(r"[ \t]*''", '"', text))
    text = re.sub(r"[ \t]+([.,;:?!)])", r"\1", text).replace("( ", "(")
    return re.sub(r"([.,;:?!])\1(?=\s)", r"\1", re.sub(r"\s*\n\s*", "\n", text))


def verses(raw: bytes) -> str:
    """A chapter of quran-json: the text of its verses, in the language of the file."""
    chapter = json.loads(raw)
    return "\n".join(verse.get("translation") or verse["text"] for verse in chapter["verses"])


def original_verses(raw: bytes) -> str:
    """A chapter of quran-json in Arabic; in every other chapter the vowel signs are dropped, as is usual today."""
    chapter = json.loads(raw)
    text = "\n".join(verse["text"] for verse in chapter["verses"])
    return re.sub("[\u064b-\u0652\u0670\u06d6-\u06ed\u08d3-\u08ff]", "", text) if chapter["id"] % 2 else text


def hebrew_bible(raw: bytes) -> str:
    """A book of the Open Scriptures Hebrew Bible, without cantillation; books of odd length also without vowels."""
    text = plain(raw)
    lines = []
    for verse in re.findall(r"(?s)<verse\b.*?</verse>", text):
        words = re.findall(r"<w\b[^>]*>(.*?)</w>|<seg type=\"x-(?:sof-pasuq|maqqef)\">(.)</seg>", verse)
        line = " ".join(word.replace("/", "") or seg for word, seg in words)
        lines.append(re.sub(" ?\u05be ?", "\u05be", re.sub(" \u05c3", "\u05c3", re.sub("[\u0591-\u05af]", "", line))))
    joined = "\n".join(re.sub("<[^>]*>", "", line) for line in lines)
    return re.sub("[\u05b0-\u05bd\u05bf\u05c1\u05c2\u05c4-\u05c7]", "", joined) if len(raw) % 2 else joined


def poems(raw: bytes) -> str:
    """The poems of the package hafez: a line a verse, an empty line between poems."""
    return "\n\n".join("\n".join(entry["poem"]) for entry in json.loads(raw))


def country(raw: bytes) -> str:
    """The sentences of a country's page of the World Factbook."""
    found = []

    def walk(node):
        if isinstance(node, dict):
            for value in node.values():
                walk(value)
        elif isinstance(node, str) and len(node) > 50:
            found.append(html.unescape(re.sub(r"<[^>]*>", " ", re.sub(r"(?: *\+\+)+ *", "\n", node))))

    walk(json.loads(raw))
    return "\n\n".join(found)


def glosses(raw: bytes) -> str:
    """WordNet: each synset's words and its definition."""
    lines = []
    for line in plain(raw).split("\n"):
        head, _, gloss = line.partition(" | ")
        fields = head.split()
        if gloss and not line.startswith("  "):
            words = ", ".join(fields[4 + 2 * i].replace("_", " ") for i in range(int(fields[3], 16)))
            lines.append(f"{words}: {gloss.strip()}")
    return "\n".join(lines)


def dictionary(raw: bytes) -> str:
    """GCIDE, the Webster of 1913 with additions: entries as paragraphs."""
    text = raw.decode("utf-8", "ignore")
    return re.sub(r"\n *\[(?:1913 Webster|PJC|WordNet[^\]]*|Webster[^\]]*)\] *(?=\n)|[{}]", "", text)


def novels(raw: bytes) -> str:
    """The strings of an R data file, in order: the lines of Jane Austen's novels."""
    lines, at = [], 0
    while at < len(raw):
        opened = zlib.decompressobj()
        content = opened.decompress(raw[at + 4:])
        if len(content) != int.from_bytes(raw[at:at + 4]):
            raise ValueError("an object of the R data file is damaged")
        at = len(raw) - len(opened.unused_data)
        place = content.find(b"\x00\x00\x00\x10")  # a vector of strings
        while place >= 0 and (found := re.compile(rb"\x00[\x00-\xff]\x00\x09(....)", re.DOTALL).search(content, place)):
            length = int.from_bytes(found[1])
            if found.start() - place > 64:
                break
            place = found.end() + (length if length < 1 << 20 else 0)
            lines.append(content[found.end():place].decode("utf-8", "ignore"))
        lines.append("")
    return "\n".join(lines)


def bible(blocks: bytes) -> str:
    """A SWORD module's testament: the bytes of its .bzz and .bzv files, put together by ``corpus``."""
    size = int.from_bytes(blocks[:8])
    data, index = blocks[8:8 + size], blocks[8 + size:]
    books, lines = [], []
    while data:
        opened = zlib.decompressobj()
        books.append(opened.decompress(data))
        data = opened.unused_data.lstrip(b"\0")  # blocks are filled up with zeros
    for block, start, length in struct.iter_unpack("<IIH", index):
        if length and block < len(books):
            verse = books[block][start:start + length].decode("utf-8", "ignore")
            verse = re.sub(r"(?s)<(note|title)\b.*?</\1>|<[^>]*>", "", verse)
            lines.append(html.unescape(re.sub(r"\s+", " ", verse)).replace("¶", "\n").strip(" "))
    return "\n".join(line for line in lines if line.strip())
