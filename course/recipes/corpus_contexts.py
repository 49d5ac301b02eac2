"""The contexts a feature may turn out to stand for, decided before any dictionary was trained.

Each of ``CONTEXTS`` has a sentence that says which characters belong to it; a token belongs to a
context when more than half of its bytes do. Contexts are found in three ways: by the script of a
character, by a span that was planted or found in the text (DNA, base64, a date ...), and by the
label of the document (French, Python ...), where spans are left out: a base64 string inside
Python is base64, not Python.

This module also writes the planted text, from seeded generators.
"""
from __future__ import annotations

import base64
import random
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

# Blocks of Unicode, first and last code point.
SCRIPTS = {
    "arabic": [(0x600, 0x6FF), (0x750, 0x77F), (0x8A0, 0x8FF), (0xFB50, 0xFDFF), (0xFE70, 0xFEFE)],
    "hebrew": [(0x591, 0x5F4), (0xFB1D, 0xFB4F)],
    "greek": [(0x370, 0x3FF), (0x1F00, 0x1FFF)],
    "cyrillic": [(0x400, 0x52F), (0x1C80, 0x1C8F), (0x2DE0, 0x2DFF), (0xA640, 0xA69F)],
    "devanagari": [(0x900, 0x97F), (0xA8E0, 0xA8FF)],
    "han": [(0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF),
            (0x20000, 0x323AF)],
    "kana": [(0x3041, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9F)],
    "hangul": [(0x1100, 0x11FF), (0x3130, 0x318F), (0xAC00, 0xD7AF)],
    "thai": [(0xE01, 0xE5B)],
    "georgian": [(0x10A0, 0x10FF), (0x1C90, 0x1CBF), (0x2D00, 0x2D2F)],
}
SPANS = ("dna", "base64", "hex", "date", "url", "email", "tag")
PLANTED = SPANS[:-1]


@dataclass(frozen=True)
class Context:
    """One context: its ``kind`` (script, span, digits or document) and what it is called there."""
    name: str
    kind: str
    key: str
    sentence: str


def _script(name, key, title):
    return Context(name, "script", key, f"A character of the {title} blocks of Unicode, in any document.")


def _language(name):
    title = name.capitalize()
    return Context(name, "document", name, f"Any character of a document in {title}, outside planted or found spans.")


CONTEXTS = (
    _script("arabic", "arabic", "Arabic"), _script("hebrew", "hebrew", "Hebrew"),
    _script("greek", "greek", "Greek"), _script("cyrillic", "cyrillic", "Cyrillic"),
    _script("devanagari", "devanagari", "Devanagari"), _script("chinese characters", "han", "Han (also in Japanese)"),
    _script("kana", "kana", "hiragana and katakana"), _script("hangul", "hangul", "Hangul"),
    _script("thai", "thai", "Thai"), _script("georgian", "georgian", "Georgian"),
    Context("dna", "span", "dna", "A run of at least 24 letters A, C, G, T in one line, real (E. coli) or generated."),
    Context("base64", "span", "base64", "A run of base64 of at least 24 characters that decodes."),
    Context("hex", "span", "hex", "A run of at least 16 hexadecimal digits, or the bytes of a line of a hex dump."),
    Context("date", "span", "date", "An ISO date, with its time if it has one, or an English date with day and year."),
    Context("url", "span", "url", "An address that starts with http, https or ftp, to its last character."),
    Context("email", "span", "email", "An e-mail address."),
    Context("html tag", "span", "tag", "From < to > of a tag or comment, both included, in an HTML document."),
    Context("number", "digits", "0-9", "A digit 0 to 9 outside every planted or found span."),
    Context("python", "document", "python", "Any character of a Python document, outside planted or found spans."),
    Context("c", "document", "c", "Any character of a C document, outside planted or found spans."),
    Context("json", "document", "json", "Any character of a JSON document, outside planted or found spans."),
    Context("shell", "document", "shell", "Any character of a shell document, outside planted or found spans."),
    Context("latex", "document", "latex", "Any character of a LaTeX document, outside planted or found spans."),
    Context("king james english", "document", "king-james",
            "Any character of the King James Bible, outside planted or found spans."),
    *map(_language, "french german spanish italian portuguese dutch polish czech turkish vietnamese finnish".split()),
    Context("persian", "document", "persian", "Any character of a document in Persian (its script is Arabic too)."),
)

# ---- finding what stands in the text anyway

MONTHS = ("January|February|March|April|May|June|July|August|September|October|November|December|"
          "Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Oct|Nov|Dec")
FOUND = {
    "dna": re.compile(r"(?<![A-Za-z])[ACGT]{24,}(?![A-Za-z])"),
    "base64": re.compile(r"(?<![\w+/=.-])[A-Za-z0-9+/]{60,}={0,2}(?![\w+/=.-])"),
    "hex": re.compile(r"(?<!\w)(?:0x)?((?:[0-9a-f]{2}){8,}|(?:[0-9A-F]{2}){8,})(?!\w)"),
    "date": re.compile(r"(?<![\w-])(?:1[0-9]|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
                       r"(?:[T ]\d\d:\d\d(?::\d\d)?)?(?![\w-])"
                       rf"|\b\d{{1,2}} (?:{MONTHS}) \d{{4}}\b|\b(?:{MONTHS}) \d{{1,2}}, \d{{4}}\b"),
    "url": re.compile(r"\b(?:https?|ftp)://[^\s<>\"'`\\|{}()\[\]]*[\w/#=&-]"),
    "email": re.compile(r"(?<![\w.+-])[A-Za-z0-9][\w.+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\b", re.ASCII),
    "tag": re.compile(r"<!--.*?-->|<[!/?a-zA-Z][^<>]*>", re.DOTALL),
}
DATE_FORMATS = [f"{day}{time}" for day in ("%Y-%m-%d",) for time in ("", " %H:%M", " %H:%M:%S", "T%H:%M", "T%H:%M:%S")]
DATE_FORMATS += ["%d %B %Y", "%B %d, %Y", "%d %b %Y", "%b %d, %Y"]


def parse_date(text: str) -> datetime | None:
    """The date that ``text`` writes, or None."""
    for form in DATE_FORMATS:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            pass
    return None


def is_span(label: str, text: str) -> bool:
    """Whether ``text`` is what a span of that label must be."""
    if label == "dna":
        return len(text) >= 24 and set(text) in ({*"ACGT"}, {*"acgt"})
    if label == "base64":
        if len(text) < 24 or len(text) % 4 or text.isalpha():
            return False
        return text == base64.b64encode(base64.b64decode(text)).decode()
    if label == "hex":
        digits = text.replace(" ", "")
        return len(digits) >= 16 and len(digits) % 2 == 0 and set(digits.lower()) <= set("0123456789abcdef")
    if label == "date":
        return parse_date(text) is not None
    return FOUND[label].fullmatch(text) is not None


def find_spans(text: str, planted: list[tuple[int, int, str]], markup: bool) -> list[tuple[int, int, str]]:
    """Planted spans and those found around them, by start, in characters; no two of one label touch."""
    spans = list(planted)
    for label, pattern in FOUND.items():
        if label == "tag" and not markup:
            continue
        for found in pattern.finditer(text):
            start, end = found.span(1 if label == "hex" else 0)
            word = text[start:end]
            if label == "hex" and (word.isdigit() or word.isalpha()):
                continue
            if label == "base64" and not (re.search(r"\d", word) and re.search("[a-z]", word)
                                          and re.search("[A-Z]", word) and word.count("/") < len(word) / 12):
                continue
            if is_span(label, word) and not any(s < end and start < e and (label == other or other != "tag")
                                                and label != "tag" for s, e, other in planted):
                spans.append((start, end, label))
    return sorted(spans)


# ---- masks

def script_mask(text: str, script: str) -> np.ndarray:
    """For each character of ``text``, whether it is of the script."""
    points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    inside = np.zeros(len(points), bool)
    for first, last in SCRIPTS[script]:
        inside |= (points >= first) & (points <= last)
    return inside


def mask(context: Context, text: bytes, label: str, spans: list[tuple[int, int, str]]) -> np.ndarray:
    """For each byte of a document, whether it belongs to ``context``; spans are in bytes."""
    if context.kind == "script":
        letters = text.decode()
        width = np.frombuffer(letters.encode("utf-32-le"), np.uint32)
        width = 1 + (width > 0x7F) + (width > 0x7FF) + (width > 0xFFFF)
        return np.repeat(script_mask(letters, context.key), width)
    raw = np.frombuffer(text, np.uint8)
    if context.kind == "span":
        inside = np.zeros(len(raw), bool)
    else:
        inside = (raw >= 48) & (raw <= 57) if context.kind == "digits" else np.full(len(raw), label == context.key)
    for start, end, kind in spans:
        if context.kind == "span" and kind == context.key:
            inside[start:end] = True
        elif context.kind != "span" and kind != "tag":
            inside[start:end] = False
    return inside


# ---- generated text

WORDS = ("amber basin candle delta ember forest garden harbour island juniper kestrel lantern meadow north orchard "
         "pebble quarry river saddle timber upland valley willow yarrow atlas bridge cobalt dune engine falcon").split()


class Draft:
    """Text put together piece by piece, with the spans of its labelled pieces."""

    def __init__(self):
        self.parts, self.spans, self.length = [], [], 0

    def add(self, text: str, label: str | None = None) -> Draft:
        if label:
            self.spans.append((self.length, self.length + len(text), label))
        self.parts.append(text)
        self.length += len(text)
        return self

    @property
    def text(self) -> str:
        return "".join(self.parts)


def _day(rng):
    return date(1500, 1, 1) + timedelta(days=rng.randrange(200_000))


def payload(label: str, rng: random.Random, length: int | None = None) -> str:
    """One generated piece: DNA, base64, hex, a date, a URL or an e-mail address (at reserved domains)."""
    if label == "dna":
        gc, length = rng.uniform(.3, .7), length or rng.randint(24, 300)
        strand = "ACGT" + "".join(rng.choices("ACGT", (1 - gc, gc, gc, 1 - gc), k=length - 4))
        return strand.lower() if rng.random() < .15 else strand
    if label == "base64":
        length = length or rng.randint(18, 240)
        inner = rng.randbytes(length) if rng.random() < .5 else log_line(rng).encode()[:max(length, 18)]
        coded = base64.b64encode(inner).decode()
        return coded if not coded.isalpha() else payload(label, rng, length)
    if label == "hex":
        digits = rng.randbytes(length or rng.choice((8, 16, 20, 32, 64))).hex()
        return digits.upper() if rng.random() < .2 else digits
    if label == "date":
        day, month = _day(rng), rng.choice(("%B", "%b"))
        form = rng.choice(("%Y-%m-%d", "%Y-%m-%d", f"{day.day} {month} %Y", f"{month} {day.day}, %Y"))
        return day.strftime(form).replace("%Y", str(day.year))
    a, b, c = rng.choices(WORDS, k=3)
    domain = f"{a}.{rng.choice(('example', 'test', 'example.org', 'example.com'))}"
    if label == "email":
        return f"{b}{rng.choice(('.', '_', '-', ''))}{c}{rng.choice(('', rng.randint(1, 99)))}@{domain}"
    if label == "url":
        tail = rng.choice(("", f"/{b}", f"/{b}/{c}.html", f"/{b}?{c}={rng.randint(1, 9999)}", f"/{b}/{c}/#{a}"))
        return f"{rng.choice(('https', 'https', 'http', 'ftp'))}://{rng.choice(('www.', ''))}{domain}{tail}"
    raise ValueError(f"There is no generator of {label}.")


def log_line(rng: random.Random) -> str:
    """A line such as a program writes into its log."""
    time = f"{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}"
    return f"{_day(rng)} {time} {rng.choice(WORDS)}: {' '.join(rng.choices(WORDS, k=rng.randint(3, 9)))}"


def generated(kind: str, rng: random.Random) -> Draft:
    """A document of 3 to 8 kB of one generated kind: dna, base64, hex, dates, addresses or table."""
    draft, goal = Draft(), rng.randint(3000, 8000)
    while draft.length < goal:
        if kind == "dna":
            draft.add(f">generated{rng.randrange(10**5)} {rng.choice(WORDS)}\n")
            lower = rng.random() < .15
            for _ in range(rng.randint(3, 20)):
                line = payload("dna", rng, 70)
                draft.add(line.lower() if lower else line.upper(), "dna").add("\n")
        elif kind == "base64":
            word = rng.choice(WORDS)
            draft.add(rng.choice((f"Content-Type: application/{word}\nContent-Transfer-Encoding: base64\n\n",
                                  "-----BEGIN DATA-----\n", f"{word} =\n")))
            for _ in range(rng.randint(2, 20)):
                draft.add(payload("base64", rng, 57), "base64").add("\n")
            draft.add("\n")
        elif kind == "hex" and rng.random() < .5:
            for _ in range(rng.randint(3, 12)):
                draft.add(payload("hex", rng, rng.choice((16, 20, 32))), "hex")
                draft.add(f"  {rng.choice(WORDS)}/{rng.choice(WORDS)}.{rng.choice(('txt', 'bin', 'gz'))}\n")
            draft.add("\n")
        elif kind == "hex":
            at = rng.randrange(2**20) * 16
            for row in range(rng.randint(3, 20)):
                draft.add(f"{at + 16 * row:08x}  ").add(rng.randbytes(16).hex(" "), "hex").add("\n")
            draft.add("\n")
        elif kind == "dates" and rng.random() < .5:
            line = log_line(rng)
            draft.add(line[:19], "date").add(line[19:] + "\n")
        elif kind == "dates":
            one, two = payload("date", rng), payload("date", rng)
            draft.add(rng.choice(("From ", "Entered on ", "Between "))).add(one, "date")
            draft.add(rng.choice((" to ", ", closed ", " and "))).add(two, "date")
            draft.add(f": {' '.join(rng.choices(WORDS, k=rng.randint(2, 8)))}.\n")
        elif kind == "addresses":
            label = rng.choice(("url", "email"))
            draft.add(rng.choice(("See ", "Contact ", "* ", f"{rng.choice(WORDS).capitalize()} <")))
            closing = ">\n" if draft.parts[-1].endswith("<") else "\n"
            draft.add(payload(label, rng), label).add(closing)
        elif kind == "table":
            between, columns = rng.choice((",", "\t", "  ", " | ")), rng.randint(3, 8)
            draft.add(between.join(rng.choices(WORDS, k=columns)) + "\n")
            for row in range(rng.randint(5, 30)):
                cells = [f"{rng.lognormvariate(3, 2):.{rng.randrange(4)}f}" for _ in range(columns - 1)]
                draft.add(between.join([str(row + 1), *cells]) + "\n")
            draft.add("\n")
        else:
            raise ValueError(f"There is no generator of {kind}.")
    return draft


LEADS = {"dna": ("The sequence read ", "Sample B gave ", "Between the primers stood "),
         "base64": ("The attachment began ", "The token was ", "Encoded, this is "),
         "hex": ("Its checksum is ", "The key ends in ", "Commit "),
         "date": ("This was written on ", "The entry is dated ", "As of "),
         "url": ("More is at ", "See ", "A copy lies at "), "email": ("Write to ", "Sent by ", "Ask ")}


def plant(text: str, label: str, kind: str, rng: random.Random) -> Draft:
    """``text`` with a sentence, constant or paragraph of planted text at a border inside it."""
    border = {"html": r"(?<=>)\n", "python": r"\n(?=(?:def|class|import|@)\b)", "c": r"\n(?=\n(?:static|#define|/\*))"}
    places = [found.end() for found in re.finditer(border.get(kind, r"\n\n"), text)]
    draft = Draft()
    if not places:
        return draft.add(text)
    at, word = rng.choice(places), rng.choice(WORDS)
    before, after = {"python": (f'{word.upper()} = "', '"\n'), "c": (f'\nstatic const char *{word} = "', '";\n'),
                     "html": (f"<p>{rng.choice(LEADS[label])}<code>", "</code>.</p>\n")}.get(
                         kind, (rng.choice(LEADS[label]), rng.choice((".\n\n", f", said the {word}.\n\n"))))
    return draft.add(text[:at]).add(before).add(payload(label, rng), label).add(after).add(text[at:])
