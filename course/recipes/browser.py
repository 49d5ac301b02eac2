"""JupyterLab in a headless Chromium, driven as a person would drive it.

For the browser tests, the slider benchmark and the opening pictures. It stands with the
maintainers' recipes because those three share it and no notebook imports it: whoever reads
``course/`` to learn need not pass it. Playwright drives the Chromium of the system (Debian's
package ``chromium``, or the program that the environment variable ``CHROMIUM`` names): nothing
is downloaded. Waits end with what they wait for; ``PATIENCE`` is there for what hangs.
"""
from __future__ import annotations

import base64
import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

PICTURE = ".course-picture"
PATIENCE = 600  # seconds until something hangs for sure, on the slowest machine
TRIES = (5, 10, 20, 40, 80)  # seconds to wait for what a key press does, before it is pressed again
UNCHANGED = "the picture did not change"
_FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
          "--disable-component-update", "--disable-sync",
          "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # nothing leaves this machine
          "--use-angle=swiftshader", "--enable-unsafe-swiftshader",  # 3-D without a graphics card
          "--disable-gpu-compositing"]  # for all that is not 3-D this takes half the processor's time
_QUIET = {"notification": {"fetchNews": "false", "checkForUpdates": False}}
_FAILED = '.jp-OutputArea [data-mime-type="application/vnd.jupyter.error"]'
# What has no prompt is folded up: it has run when the cells after it have.
_CELLS = "[...document.querySelectorAll('.jp-Notebook .jp-CodeCell .jp-InputPrompt')].filter(e => e.textContent)"


def chromium() -> str | None:
    """Path of the Chromium to drive, or None where there is none."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def wait(condition, complaint, seconds=PATIENCE, pause=time.sleep):
    """Return once ``condition()`` holds; TimeoutError with ``complaint`` after ``seconds``."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            if condition():
                return
        pause(0.1)
    raise TimeoutError(complaint)


@contextlib.contextmanager
def window():
    """A headless Chromium; yields Playwright's browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), headless=True, args=_FLAGS)
        yield browser
        browser.close()


def breaches(page, *parts) -> list[str]:
    """What axe-core finds serious or critical in these parts (CSS) of a page of Playwright: one line for each element.

    What is outside the window counts as hidden there, so the window should be as high as the page.
    """
    import axe_playwright_python

    page.evaluate(pathlib.Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8"))
    return page.evaluate(_AXE, list(parts))


@contextlib.contextmanager
def lab(folder, env=None, browser=None):
    """Start JupyterLab on ``folder``; yields a :class:`Lab`. ``browser``: one that is open already."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    shown = contextlib.nullcontext(browser) if browser else window()
    with tempfile.TemporaryDirectory() as scratch, shown as browser:
        for name, values in _QUIET.items():
            settings = pathlib.Path(scratch, "settings/@jupyterlab/apputils-extension")
            settings.mkdir(parents=True, exist_ok=True)
            (settings / f"{name}.jupyterlab-settings").write_text(json.dumps(values))
        saving = pathlib.Path(scratch, "settings/@jupyterlab/docmanager-extension")
        saving.mkdir(parents=True)
        # A page that is open for two minutes would be saved, with all its outputs.
        (saving / "plugin.jupyterlab-settings").write_text(json.dumps(dict(autosave=False)))
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1",
             f"--port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=",
             "--ServerApp.password=", "--ServerApp.disable_check_xsrf=True",
             f"--LabApp.user_settings_dir={scratch}/settings",
             f"--LabApp.workspaces_dir={scratch}/workspaces"],
            cwd=folder, env={**os.environ, **(env or {})},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait(lambda: urllib.request.urlopen(base + "/api", timeout=20), "JupyterLab did not start")
            yield Lab(base, browser)
        finally:
            server.terminate()
            try:
                server.wait(60)
            except subprocess.TimeoutExpired:
                server.kill()


class Lab:
    """A running JupyterLab and a browser; use :func:`lab` to get one."""

    def __init__(self, base, browser):
        self.base, self.browser = base, browser
        self.context = browser.new_context()  # its pages share what they fetched of JupyterLab
        self.context.set_default_timeout(PATIENCE * 1000)

    def kernels(self):
        return json.load(urllib.request.urlopen(self.base + "/api/kernels"))

    def end_kernels(self):
        """End every kernel: one at a time, since a Binder pod has one core and 2 GB."""
        for kernel in self.kernels():
            urllib.request.urlopen(urllib.request.Request(
                f"{self.base}/api/kernels/{kernel['id']}", method="DELETE"))

    def open(self, notebook, width=1300, height=1000) -> Notebook:
        """One notebook (path below the folder) in a fresh page, its kernel connected."""
        self.end_kernels()
        return Notebook(self, notebook, width, height)


class Notebook:
    """One notebook in the browser.

    ``outside``: requests that tried to leave the machine (all are refused).
    ``errors``: what the page wrote to the console as an error.
    ``late``: how many models anywidget gave up on, because the browser was busy for two seconds;
    nothing in the course depends on those (see :class:`course.widgets.Picture`).
    ``received``: bytes that kernel and server sent to the page since it was opened.
    """

    def __init__(self, lab, name, width, height):
        self.lab, self.name = lab, name
        self.outside, self.errors, self.received, self.late = [], [], 0, 0
        self.page = page = lab.context.new_page()
        self._tools = lab.context.new_cdp_session(page)
        page.set_viewport_size({"width": width, "height": height})
        page.on("request", lambda request: self._asks(request.url))
        page.on("console", self._hear)
        page.on("pageerror", lambda e: self._complain(str(e)))
        page.on("websocket", self._listen)
        page.goto(f"{lab.base}/lab/tree/{name}?reset")
        # The status bar says "Idle" before the kernel is connected, and a Run All is then
        # lost: the server knows better.
        self.wait(self._connected, f"no kernel for {name}")
        page.wait_for_timeout(500)

    def wait(self, condition, complaint, seconds=PATIENCE):
        """:func:`wait`, while the page goes on working."""
        wait(condition, complaint, seconds, lambda s: self.page.wait_for_timeout(1000 * s))

    def _connected(self):
        return any(k["connections"] and k["execution_state"] == "idle" for k in self.lab.kernels())

    def _asks(self, url):
        own = self.lab.base.removeprefix("http")
        if not url.startswith(("http" + own, "ws" + own, "data:", "blob:")):
            self.outside.append(url)

    def _listen(self, socket):
        self._asks(socket.url)
        socket.on("framereceived", self._count)

    def _hear(self, message):
        if message.type == "error":
            self._complain(f"{message.text} ({message.location.get('url', '')})")

    def _complain(self, text):
        if text.startswith("[anywidget] Failed to initialize model."):
            self.late += 1
        else:
            self.errors.append(text)

    def _count(self, frame):
        self.received += len(frame)

    def start(self):
        """Run > Run All Cells, without waiting for the end."""
        for _ in range(4):
            self.page.get_by_role("menuitem", name="Run", exact=True).click()
            self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
            with contextlib.suppress(Exception):  # a lost Run All is asked for again
                self.page.wait_for_function(
                    f"() => {_CELLS}.some(e => /\\[(\\*|\\d+)\\]/.test(e.textContent))", timeout=5000)
                return
        raise RuntimeError(f"Run All had no effect in {self.name}")

    def run_all(self):
        """Run all cells; returns when every one has run, or one has failed, and pictures are drawn."""
        if not self.page.locator(".jp-Notebook .jp-CodeCell").count():
            return
        self.start()
        self.page.wait_for_function(
            f"() => {_CELLS}.every(e => /\\[\\d+\\]/.test(e.textContent)) || document.querySelector('{_FAILED}')"
            f" && !{_CELLS}.some(e => e.textContent.includes('*')) || document.querySelector('.jp-Dialog')")
        # Pictures far below the window are drawn only once they come near it.
        self.page.evaluate(_SCROLL_THROUGH)
        self.page.wait_for_function(
            f"() => [...document.querySelectorAll('.jp-OutputArea {PICTURE}')].every(e => e.dataset.drawn)")

    def complaints(self) -> list[str]:
        """Everything wrong that a person would see: errors, warnings, blank or broken pictures."""
        found = [f"asked for {url}" for url in self.outside] + [f"console: {text}" for text in self.errors]
        found += self.page.evaluate(_COMPLAINTS)
        return found

    def demos(self):
        """A locator of the live demos, top to bottom."""
        return self.page.locator(".jp-OutputArea .course-demo")

    def controls(self, demo):
        """The controls of one demo (or guess), each as (kind, locator of what takes the keyboard)."""
        kinds = {"slider": ".noUi-handle", "choice": "select", "switch": "input[type=checkbox]",
                 "text": "input[type=text]", "number": "input[type=number]", "radio": "input[type=radio]"}
        return [(kind, control) for kind, css in kinds.items() for control in demo.locator(css).all()]

    def move(self, kind, control, text="queen"):
        """Move one control by keyboard alone."""
        control.scroll_into_view_if_needed()
        control.focus()
        keys = self.page.keyboard
        if kind == "slider":
            low, now, high = (float(control.get_attribute(f"aria-value{end}")) for end in ("min", "now", "max"))
            keys.press("ArrowRight" if now >= high else "End")
            if now >= high:
                keys.press("Home")
        elif kind == "choice":
            before = control.input_value()
            keys.press("ArrowDown")
            if control.input_value() == before:
                keys.press("ArrowUp")
        elif kind == "number":
            keys.press("ArrowUp")
            keys.press("Enter")
        elif kind == "text":
            keys.press("Control+a")
            keys.type(text)
            keys.press("Enter")
        else:
            keys.press("Space")

    def shot(self, element, path=None) -> bytes:
        """A picture (PNG) of an element, also written to ``path``. Playwright's own take four times as long."""
        box, window = element.evaluate(_COME_INTO_VIEW), self.page.viewport_size
        if box["y"] < 0 or box["y"] + box["height"] > window["height"]:
            return element.screenshot(path=path)
        taken = base64.b64decode(self._tools.send("Page.captureScreenshot", dict(
            clip=dict(box, scale=1), optimizeForSpeed=True))["data"])
        if path:
            pathlib.Path(path).write_bytes(taken)
        return taken

    def drawn(self, demo) -> int:
        """How often a demo's picture was drawn; -1 for a demo of pages of text, which has none."""
        picture = demo.locator(PICTURE)
        return int(picture.get_attribute("data-drawn")) if picture.count() else -1

    def picture_of(self, demo):
        """How often a demo's picture was drawn, and its pixels; of a demo of pages, -1 and what stands there."""
        drawn = self.drawn(demo)
        return drawn, demo.locator(".course-page").inner_text() if drawn < 0 else self.shot(demo.locator(PICTURE))

    def repeat(self, act, condition, complaint, tries=TRIES):
        """Do ``act()`` until ``condition()`` holds: on a busy machine a key press can be lost."""
        for seconds in tries:
            act()
            with contextlib.suppress(TimeoutError):
                return self.wait(condition, complaint, seconds)
        raise TimeoutError(complaint)

    def change(self, demo, kind, control, tries=TRIES):
        """Move a control until its demo's picture changes."""
        before = self.picture_of(demo)
        self.repeat(lambda: self.move(kind, control), lambda: self.changed(demo, before), UNCHANGED, tries)

    def changed(self, demo, before) -> bool:
        """Whether a demo's picture was drawn again since ``before`` and its pixels differ."""
        return (before[0] < 0 or self.drawn(demo) > before[0]) and self.picture_of(demo)[1] != before[1]

    def widths(self) -> list[tuple[int, int, int]]:
        """Of each picture: the width of its place, of its box, and of what is drawn in it."""
        self.page.evaluate(_SCROLL_THROUGH)  # the browser leaves out what is far below the window
        return self.page.evaluate("""() => [...document.querySelectorAll('.jp-OutputArea .course-picture')].map(
            (e) => [e.parentElement.clientWidth, e.offsetWidth, e.querySelector('.main-svg').clientWidth])""")

    def breaches(self, themes=("Light",)) -> list[str]:
        """What axe finds in what the course makes of this notebook, text and outputs, in these themes of JupyterLab,
        the light one last."""
        size, found = self.page.viewport_size, []
        self.page.evaluate(_SCROLL_THROUGH)
        height = self.page.evaluate(f"({_SCROLLER}).scrollHeight")
        self.page.set_viewport_size(dict(width=size["width"], height=height + 400))
        # A body of height 0 hides all, as axe sees it.
        style = self.page.add_style_tag(content="body { overflow: visible !important }")
        for theme in themes:
            light = "true" if theme == "Light" else "false"
            if self.page.locator("body").get_attribute("data-jp-theme-light") != light:
                self.page.locator(".lm-MenuBar-itemLabel", has_text="Settings").click()
                self.page.locator(".lm-Menu-itemLabel", has_text="Theme").first.hover()
                self.page.locator(".lm-Menu-itemLabel", has_text=f"JupyterLab {theme}").first.click()
            self.page.locator(f"body[data-jp-theme-light={light}]").wait_for(state="attached")
            self.page.wait_for_timeout(1000)
            self.page.wait_for_function("!document.getElementById('jupyterlab-splash')")  # it covers all meanwhile
            found += [f"{theme}: {line}" for line in breaches(self.page, ".jp-Notebook .jp-OutputArea-output",
                                                              ".jp-Notebook .jp-RenderedMarkdown")]
        style.evaluate("e => e.remove()")
        self.page.set_viewport_size(size)
        return found

    def close(self):
        self.page.close()
        self.lab.end_kernels()


_SCROLLER = "document.querySelector('.jp-WindowedPanel-outer') ?? document.querySelector('.jp-Notebook')"

_AXE = """async (parts) => {
  const found = await axe.run({include: parts.map((part) => [part])}, {
    preload: false, resultTypes: ['violations'],
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']});
  return found.violations.filter((one) => ['serious', 'critical'].includes(one.impact)).flatMap((one) =>
    one.nodes.map((node) => `${one.id}: ${node.html.slice(0, 200)} (${node.failureSummary.slice(0, 300)})`));
}"""


_COME_INTO_VIEW = """async (e) => {
  e.scrollIntoView({block: 'nearest'});
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const {x, y, width, height} = e.getBoundingClientRect();
  return {x, y, width, height};
}"""

_SCROLL_THROUGH = """async () => {
  const outer = SCROLLER;
  for (let y = 0; y < outer.scrollHeight; y += 500) {
    outer.scrollTop = y;
    await new Promise((done) => setTimeout(done, 40));
  }
  outer.scrollTop = 0;
}""".replace("SCROLLER", _SCROLLER)

_COMPLAINTS = """() => {
  const found = [];
  const each = (css, say) => document.querySelectorAll(css).forEach((e) => say(e) && found.push(say(e)));
  const text = (e) => e.textContent.trim().slice(0, 300);
  each('.jp-OutputArea [data-mime-type="application/vnd.jupyter.stderr"]', (e) => 'error output: ' + text(e));
  each('.jp-OutputArea [data-mime-type="application/vnd.jupyter.error"]', (e) => 'error output: ' + text(e));
  each('.jp-Dialog', (e) => 'a dialog: ' + text(e));
  each('.jp-OutputArea .course-broken', (e) => 'broken demo: ' + text(e));
  each('.jp-OutputArea [data-mime-type$="widget-view+json"] pre', (e) => 'widget not shown: ' + text(e));
  const marks = ['.trace', '.bars', '.hm', '.im image', 'path.point', '.annotation'].map((css) => '.main-svg ' + css);
  each('.jp-OutputArea .course-picture', (e) => {
    const label = e.getAttribute('aria-label');
    if (!label) return 'a picture without a description';
    if (!e.querySelector([...marks, 'canvas'].join(', '))) return 'blank picture: ' + label;
    if (e.offsetWidth < 300) return `narrow picture (${e.offsetWidth} px): ${label}`;
  });
  return found;
}"""
