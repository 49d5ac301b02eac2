"""The static site: what its pages hold, and in the slow test how they are in a browser."""
import importlib.util
import json
import os
import pathlib
import re
import urllib.parse

import nbformat
import pytest

from course.recipes import browser, notebooks, site

SHOTS = notebooks.FOLDER.parent / "tests" / "screenshots"
PAGES = ["index.html", *(site.target(path) for path in sum(site.sources().values(), []))]


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """The site without a run."""
    folder = tmp_path_factory.mktemp("stored")
    assert site.build(folder)["pages"] == len(PAGES)
    return folder


def test_every_notebook_has_a_page_and_every_link_leads_somewhere(stored):
    assert len(PAGES) == len(notebooks.paths()) + 2
    ids = {page: set(re.findall(r'\bid="([^"]+)"', (stored / page).read_text(encoding="utf-8"))) for page in PAGES}
    for page in PAGES:
        text = (stored / page).read_text(encoding="utf-8")
        assert text.count("<h1 ") == 1 and "$$" not in text, page
        for link in re.findall(r'(?:href|src)="([^"]*)"', re.sub(r"<pre>.*?</pre>", "", text, flags=re.S)):
            if re.match(r"https?:|data:", link):
                continue
            path, _, anchor = link.partition("#")
            there = pathlib.Path(os.path.normpath((stored / page).parent / path)) if path else stored / page
            assert there.is_file(), (page, link)
            if anchor:
                known = ids[there.relative_to(stored).as_posix()]
                assert urllib.parse.unquote(anchor) in known, (page, link)


def test_pages_ask_for_nothing_that_is_not_beside_them(stored):
    for page in PAGES:
        loaded = re.findall(r'<(?:script|link|img|iframe)\b[^>]*?(?:src|href)="([^"]*)"',
                            (stored / page).read_text(encoding="utf-8"))
        assert loaded and not [address for address in loaded if re.match(r"\w+://|//", address)], page


def test_the_index_of_the_search_has_every_page(stored):
    text = (stored / "search.js").read_text(encoding="utf-8")
    index = json.loads(text.removeprefix("globalThis.courseIndex = ").rstrip(";\n"))
    assert {row[0].partition("#")[0] for row in index} == set(PAGES)
    assert ["glossary.html#Attention-head", "Glossary", "Attention head"] in [row[:3] for row in index]


CELLS = ["from course.style import figure, say\nfrom course.widgets import live, predict, show, slider",
         "guess = predict('Which <one>?', ['this', 'that'])\nguess", "print('before the answer')",
         "guess.reveal('that', 'Because.')", "print('after it')",
         "def picture(k):\n    return say(figure().add_scatter(x=[0, k], y=[0, 1]), f'k is {k}.')\n"
         "live(picture, k=slider(1, 9, 4, 'how far'))", "show(picture(7))"]


def test_a_run_notebook_shows_pictures_and_asks_before_it_answers(tmp_path):
    made = nbformat.v4.new_notebook(metadata={"kernelspec": notebooks._KERNEL},
                                    cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    made.cells[0].metadata.jupyter = {"source_hidden": True}
    made.cells[0].source = "# Sets up\n" + made.cells[0].source
    source = notebooks.FOLDER / "02_words_as_vectors.ipynb"
    text = site.Text(source, set())
    page = site.body(notebooks.run(made, tmp_path), text, '<a href="x">Start</a>')
    open_part = re.sub(r"<details>.*?</details>", "", page, flags=re.S)
    assert "<details><summary>Sets up</summary>" in page and "course.widgets" not in open_part
    assert "Which &lt;one&gt;?" in open_part and "<li>that</li>" in open_part
    assert "before the answer" in page and "<pre>before the answer" not in open_part
    assert "The run says: that. Because." in page and "The run says: that" not in open_part
    assert "<pre>after it" in open_part
    assert re.findall(r'aria-label="(k is \d\.)"', open_part) == ["k is 4.", "k is 7."]
    assert 'you move <b>how far</b>. <a href="x">Start</a>' in open_part
    data = json.loads(re.search(r'<script type="application/json">(.*?)</script>', page)[1])
    assert data["data"][0]["x"] == [0, 4]


def test_a_folder_that_cannot_be_written_is_told_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(notebooks, "execute", lambda path: pytest.fail("a notebook was run"))
    (tmp_path / "file").touch()
    for folder in ("file", "file/below"):
        with pytest.raises(SystemExit, match="The site could not be written: .*file"):
            site.main(["--output", str(tmp_path / folder)])


def test_binder_starts_the_notebook_of_the_page():
    address = site.binder(notebooks.FOLDER / "deeper/01_blue_neuron.ipynb")
    assert address.startswith("https://mybinder.org/v2/gh/")
    assert address.endswith("?urlpath=lab/tree/notebooks/deeper/01_blue_neuron.ipynb")


# --- in a browser ----------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def whole(tmp_path_factory, solved):
    """The site of all notebooks as they ran, solutions filled in; or the one that the variable SITE names."""
    folder = pathlib.Path(os.environ.get("SITE") or tmp_path_factory.mktemp("site"))
    if not (folder / "index.html").exists():
        site.build(folder, solved)
    return folder


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("scheme, width", [("light", 1280), ("dark", 390)])
def test_in_a_browser(whole, scheme, width):
    SHOTS.mkdir(exist_ok=True)
    with browser.window() as window:
        context = window.new_context(viewport=dict(width=width, height=900), color_scheme=scheme,
                                     reduced_motion="reduce")
        context.set_default_timeout(1000 * browser.PATIENCE)
        asked, errors = [], []
        for name in PAGES:
            page = context.new_page()
            page.on("request", lambda request: asked.append(request.url))
            page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.goto((whole / name).as_uri())
            looked_at(page, name, scheme)
            page.evaluate("scrollTo(0, 0)")
            height = min(12000, page.evaluate("document.documentElement.scrollHeight"))  # more would repeat itself
            page.screenshot(path=SHOTS / f"site_{name.replace('/', '_')}_{scheme}_{width}.png", full_page=True,
                            clip=dict(x=0, y=0, width=width, height=height))
            page.close()
        assert errors == []
        assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


def looked_at(page, name, scheme):
    """One page: its colours, its width, its pictures, and what axe says."""
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(23, 25, 28)"
    assert dark == (scheme == "dark"), name
    page.evaluate("document.querySelectorAll('main details').forEach((e) => e.open = true)")
    for picture in page.locator(".picture").all():
        picture.scroll_into_view_if_needed()
        page.wait_for_function("e => e.dataset.drawn", arg=picture.element_handle())
        assert picture.get_attribute("aria-label"), name
        marks = ", ".join(f".main-svg {css}" for css in (".trace", ".bars", ".hm", ".im image", "path.point"))
        assert picture.locator(f"{marks}, .main-svg .annotation, canvas").count(), (name, "a blank picture")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, "the page scrolls sideways")
    assert page.evaluate("[...document.images].every((e) => e.loading === 'lazy' || e.naturalWidth)"), name
    if importlib.util.find_spec("axe_playwright_python") and name.rsplit("/", 1)[-1][:2] in ("in", "gl", "00", "08"):
        page.evaluate("document.getElementById('menu').open = true")
        assert browser.breaches(page, "html") == [], name


@pytest.mark.slow
@pytest.mark.browser
def test_search_zoom_and_keyboard(whole):
    with browser.window() as window:
        page = window.new_context(viewport=dict(width=390, height=900)).new_page()
        page.set_default_timeout(1000 * browser.PATIENCE)
        page.goto((whole / "02_words_as_vectors.html").as_uri())
        page.get_by_label("Search all pages").fill("Huffman zzz")
        page.locator("#found", has_text="No places").wait_for()
        page.get_by_label("Search all pages").fill("attention head")
        first = page.locator("#found a").first
        assert first.inner_text() == "Glossary: Attention head"
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_url("**/glossary.html#Attention-head")
        page.goto((whole / "02_words_as_vectors.html").as_uri())
        picture = page.locator(".picture").first
        picture.scroll_into_view_if_needed()
        page.wait_for_function("e => e.dataset.drawn", arg=picture.element_handle())
        before = picture.evaluate("e => String(e._fullLayout.xaxis.range)")
        picture.get_by_label("Zoom in").press("Enter")
        page.wait_for_function("([e, before]) => String(e._fullLayout.xaxis.range) !== before",
                               arg=[picture.element_handle(), before])
