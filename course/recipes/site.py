"""A static site of all notebooks, for reading without Jupyter, on any host or straight from the disk.

``python3 -m course site``                     run every notebook, write the pages into ``build/site``
``python3 -m course site --output DIR 02 07``  run only those; the others come as they are stored, without pictures

nbconvert's renderers turn text and code into HTML. Jupyter Book is what the field mostly uses, and it would not do:
its builder is a Node program that fetches its theme from the network, its pages want a web server, and they show
widgets only by fetching a widget manager from elsewhere. These pages ask for nothing but files beside them.
A picture is the figure that the run gave, drawn by one copy of plotly.js, so one can zoom. Of a live demo a page has
the opening picture, its sentence, and a link that starts the notebook. A guess is its question and its options; what
would answer it is folded up. Formulas become MathML here, so no page needs a library for them.
"""
from __future__ import annotations

import argparse
import html
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile
import time

import jinja2
import nbformat
import plotly
from nbclient.exceptions import CellExecutionError
from nbconvert.filters import Highlight2HTML, ansi2html
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from . import notebooks

ROOT = notebooks.FOLDER.parent
PARTS = pathlib.Path(__file__).parent  # site_page.html and what stands beside it
GROUPS = {"The course": ["0*.ipynb"], "Companions": ["deeper/*.ipynb"], "Beside it": ["[!0]*.ipynb", "TEACHING.md"]}
_STATE = "application/vnd.jupyter.widget-state+json"
_VIEW = "application/vnd.jupyter.widget-view+json"
_FOLD = re.compile(r"<details><summary>The picture, from a run</summary>.*?</details>", re.S)
_ASKS = re.compile(r"^(\w+) = predict(?:_number)?\(", re.M)


def target(source: pathlib.Path) -> str:
    """Where the page of a source is, below the site's folder."""
    return "index.html" if source.name == "README.md" else (
        source.relative_to(notebooks.FOLDER).with_suffix(".html").as_posix())


def sources() -> dict[str, list[pathlib.Path]]:
    """All pages of the site, the front page apart, by the heading in the table of contents."""
    return {group: [path for pattern in patterns for path in sorted(notebooks.FOLDER.glob(pattern))]
            for group, patterns in GROUPS.items()}


# --- text ----------------------------------------------------------------------------------------

def plain(fragment: str) -> str:
    """The text of a piece of HTML, in one line."""
    return " ".join(html.unescape(re.sub(r"<(style|script).*?</\1>|<[^>]+>", " ", fragment, flags=re.S)).split())


class Text(IPythonRenderer):
    """nbconvert's renderer of Markdown, with formulas as MathML, links to pages of the site, and ids for headings.

    ``headings``: [(level, id, text)], as they come. ``images``: the files that the page shows. ``anchors``: an id on
    a page, whatever its capitals, as it is written there.
    """

    def __init__(self, source: pathlib.Path, images: set):
        super().__init__(escape=False)
        self.source, self.images, self.headings, self.names = source, images, [], set()

    def heading(self, text, level, **attrs):
        words = plain(text)
        if self.source.suffix == ".md":  # as the hosting site names them, and so as links in such files do
            name = first = re.sub(r"[^\w-]", "", words.lower().replace(" ", "-"))
        else:  # as JupyterLab does
            name = first = words.replace(" ", "-").replace('"', "")
        while name in self.names:
            name = f"{first}-{len(self.headings)}"
        self.names.add(name)
        self.headings.append((level, name, words))
        return f'<h{level} id="{html.escape(name)}">{text}</h{level}>\n'

    def link(self, text, url, title=None):
        if re.match(r"\w+:|#", url):
            return super().link(text, url, title)
        path, _, anchor = url.partition("#")
        path = (self.source.parent / path).resolve()
        if path not in {ROOT / "README.md", *sum(sources().values(), [])}:
            return text  # a file that only a copy of the course has
        return super().link(text, self.relative(target(path)) + (f"#{anchor}" if anchor else ""), title)

    def relative(self, page: str) -> str:
        """The address of a page, from this one."""
        return os.path.relpath(page, os.path.dirname(target(self.source)) or ".").replace(os.sep, "/")

    def image(self, text, url, title=None):
        file = (self.source.parent / url).resolve()
        self.images.add(file)
        address = self.relative(file.relative_to(notebooks.FOLDER).as_posix())
        return f'<img src="{html.escape(address)}" alt="{html.escape(plain(text))}" loading="lazy">'

    def block_code(self, code, info=None):
        return f"<pre>{html.escape(code)}</pre>\n"

    def inline_math(self, body):
        return formula(body, "inline")

    def block_math(self, body):
        return f'<div class="scrolls">{formula(body, "block")}</div>\n'

    def render(self, markdown: str) -> str:
        return scrolling(MarkdownWithMath(renderer=self).render(markdown))


def formula(body: str, display: str) -> str:
    """A formula as MathML, or as it was typed where the converter is missing."""
    try:
        from latex2mathml.converter import convert
    except ImportError:
        return f"<code>{html.escape(body.strip())}</code>"
    return convert(body.strip(), display=display)


def scrolling(fragment: str) -> str:
    """Tables in a box that scrolls by itself, so that the page need not."""
    return re.sub(r"<table\b.*?</table>", r'<div class="scrolls">\g<0></div>', fragment, flags=re.S)


# --- what a run shows ----------------------------------------------------------------------------

class Still:
    """What the widgets of a run notebook look like when nobody moves them. ``start``: HTML under a live demo."""

    def __init__(self, notebook, start: str):
        self.models = notebook.metadata.get("widgets", {}).get(_STATE, {}).get("state", {})
        self.start = start

    def model(self, name: str) -> tuple[str, dict]:
        found = self.models[name.removeprefix("IPY_MODEL_")]
        return found["model_name"].removesuffix("Model"), found["state"]

    def parts(self, state) -> list[str]:
        return [part for part in map(self.html, state["children"]) if part]

    def html(self, name: str) -> str:
        """One widget and all in it, as HTML; nothing for what only serves to be moved."""
        kind, state = self.model(name)
        if kind != "Any" and self.model(state["layout"])[1].get("display") == "none":
            return ""
        if kind == "Any":
            return self.picture(state) if "content" in state else ""
        if kind == "HTML":
            return scrolling(state["value"])
        if kind == "RadioButtons":
            return "<ul>" + "".join(f"<li>{html.escape(o)}</li>" for o in state["_options_labels"]) + "</ul>"
        if kind == "ToggleButtons" and state["index"] is None:  # what the reader of a text offers, not a way to turn
            return "; ".join(f"<span>{html.escape(label)}</span>" for label in state["_options_labels"])
        return self.box(state) if kind in ("VBox", "HBox", "GridBox") else ""

    def picture(self, state) -> str:
        """A figure: its data, and a place that a script draws into as soon as somebody looks."""
        content = self.model(state["content"])[1]
        layout = json.loads(content["value"])["layout"]
        left = {str(axis.get("domain", {})) for key, axis in layout.items() if re.match(r"xaxis|scene|polar", key)}
        wide = 240 * len(left) if len(left) > 1 else 0  # panels beside each other, which a phone would squeeze
        data = content["value"].replace("<", "\\u003c")
        return (f'<div class="scrolls"><div class="picture" role="figure" '
                f'aria-label="{html.escape(content["description"])}" '
                f'style="height:{layout.get("height", 450)}px;min-width:{wide}px">'
                f'<script type="application/json">{data}</script></div></div>')

    def box(self, state) -> str:
        kind = next((c for c in state["_dom_classes"] if c.startswith("course-")), "")
        inner = "\n".join(self.parts(state))
        if kind in ("course-demo", "course-quiz"):
            return f'<div class="{kind}">{inner}<p class="course-live">{self.moves(state)}</p></div>'
        return f'<div class="{kind}">{inner}</div>' if kind else inner

    def moves(self, state) -> str:
        """What a reader of the notebook can move in a demo, and the link that starts it."""
        def named(one):
            for kind, part in map(self.model, one["children"]):
                if "children" in part:
                    yield from named(part)
                elif part.get("description") and re.search("Slider|Dropdown|Text|Checkbox", kind):
                    yield f"<b>{html.escape(part['description'])}</b>"
        found = list(named(state))
        return "In the notebook this is live" + (f", and you move {', '.join(found[:4])}" if found else "") \
            + f". {self.start}"


def outputs(cell, still: Still) -> str:
    """What a cell printed or showed, as HTML."""
    found = []
    for output in cell.outputs:
        data = output.get("data", {})
        if output.output_type == "stream":
            found.append(f"<pre>{ansi2html(output.text)}</pre>")
        elif _VIEW in data:
            found.append(still.html(data[_VIEW]["model_id"]))
        elif "text/html" in data:
            found.append(scrolling(re.sub(r"<div class='course-drawing'>.*?</div>", "", data["text/html"], flags=re.S)))
        elif "text/plain" in data:
            found.append(f"<pre>{html.escape(data['text/plain'])}</pre>")
    return "\n".join(filter(None, found))


def fold(summary: str, inner: str) -> str:
    return f"<details><summary>{html.escape(summary)}</summary>\n{inner}\n</details>"


def body(notebook, text: Text, start: str) -> str:
    """The cells of a notebook as HTML."""
    still, colour, parts, guess = Still(notebook, start), Highlight2HTML(), [], None
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(text.render(_FOLD.sub("", cell.source) if still.models else cell.source))
            continue
        first, _, rest = cell.source.partition("\n")
        code = colour(cell.source)
        parts.append(fold(first.strip("# "), colour(rest)) if notebooks.folded(cell) else code)
        shown = outputs(cell, still)
        if guess and f"{guess}.reveal(" in cell.source:  # the answer stands there for who has not guessed
            shown, guess = re.sub(r".*(<div class=\"course-why\".*?</div>).*", r"\1", shown, flags=re.S), None
            shown = shown and fold("What the run says", shown)
        elif guess and shown:
            shown = fold("What this cell shows; guess first", shown)
        if asked := _ASKS.search(cell.source):
            guess = asked[1]
        parts.append(f'<div class="output">{shown}</div>' if shown else "")
    return "\n".join(parts)


# --- the site ------------------------------------------------------------------------------------

def binder(source: pathlib.Path) -> str:
    """The address that starts a notebook on Binder; the repository is the one that the README names."""
    first = re.search(r"https://mybinder\.org/\S+", (ROOT / "README.md").read_text(encoding="utf-8"))[0]
    return first.replace("notebooks/00_start_here.ipynb", source.relative_to(ROOT).as_posix())


def sections(page: str, title: str, fragment: str) -> list[list[str]]:
    """What the search looks through: [address, title of the page, heading, text] for every heading."""
    found = []
    for piece in re.split(r"(?=<h[1-4] id=)", fragment):
        head = re.match(r'<h\d id="([^"]*)"[^>]*>(.*?)</h\d>', piece, re.S)
        address, heading = (html.unescape(head[1]), plain(head[2])) if head else ("", "")
        if words := plain(piece[head.end():] if head else piece):
            found.append([f"{page}#{address}" if address else page, title, heading, words])
    return found


def build(folder: pathlib.Path, run=lambda path: None) -> dict[str, object]:
    """Write the site into ``folder``. ``run(path)`` gives a notebook as it was run, or None to take it as stored."""
    groups, texts, pages, index, images = sources(), {}, {}, [], set()
    for source in [ROOT / "README.md", *sum(groups.values(), [])]:
        page, text = target(source), Text(source, images)
        if source.suffix == ".md":
            start, fragment = "", text.render(source.read_text(encoding="utf-8"))
        else:
            start = f'<a class="start" href="{html.escape(binder(source))}">Start this notebook on Binder</a>'
            fragment = body(run(source) or nbformat.read(source, 4), text, start)
        texts[page], pages[page] = text, (start, fragment)
        index += sections(page, text.headings[0][2], fragment)
    titles = {page: text.headings[0][2] for page, text in texts.items()}
    contents = [(group, [target(source) for source in group_of]) for group, group_of in groups.items()]
    template = jinja2.Environment(autoescape=True).from_string((PARTS / "site_page.html").read_text(encoding="utf-8"))
    for page, (start, fragment) in pages.items():
        text = texts[page]
        whole = template.render(page=page, titles=titles, contents=contents, relative=text.relative, start=start,
                                fragment=fragment, headings=[h for h in text.headings if h[0] == 2])
        (folder / page).parent.mkdir(parents=True, exist_ok=True)
        (folder / page).write_text(whole, encoding="utf-8", newline="\n")
    for image in images:
        place = folder / image.relative_to(notebooks.FOLDER)
        place.parent.mkdir(exist_ok=True)
        shutil.copyfile(image, place)
    for part in ("site_page.css", "site_page.js"):
        shutil.copyfile(PARTS / part, folder / part)
    shutil.copyfile(pathlib.Path(plotly.__file__).parent / "package_data/plotly.min.js", folder / "plotly.min.js")
    (folder / "search.js").write_text(f"globalThis.courseIndex = {json.dumps(index, ensure_ascii=False)};\n",
                                      encoding="utf-8", newline="\n")
    return dict(pages=len(pages), bytes=sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()))


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m course site", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="beginnings of file names, such as 02: run only those")
    parser.add_argument("--output", default="build/site", help="the folder to write into (default: build/site)")
    options = parser.parse_args(argv)
    paths, begun_with, begun = notebooks.paths(options.names), [], time.monotonic()

    def run(path):
        if path not in paths:
            return None
        done = len(begun_with)
        begun_with.append(path)
        bar = "█" * done + "·" * (len(paths) - done)
        print(f"{bar} {done} of {len(paths)}, {time.monotonic() - begun:3.0f} s: {path.stem}", flush=True)
        return notebooks.execute(path)

    folder = pathlib.Path(options.output)
    try:
        folder.mkdir(parents=True, exist_ok=True)  # what cannot be written is told before minutes of running
        tempfile.TemporaryFile(dir=folder).close()
        made = build(folder, run)
    except CellExecutionError as error:
        sys.exit(f"{begun_with[-1].name} stopped, so there is no site: {error.ename}: {error.evalue}")
    except OSError as error:
        sys.exit(f"The site could not be written: {error}")
    print(f"{made['pages']} pages, {made['bytes'] / 1e6:.1f} MB, {time.monotonic() - begun:.0f} s: "
          f"open {(folder / 'index.html').resolve()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
