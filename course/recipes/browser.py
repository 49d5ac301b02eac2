"""JupyterLab in a headless Chromium, driven as a person would drive it.

For the browser tests, the slider benchmark and the opening pictures. It lives with the recipes
because only maintainers need it: who reads ``course/`` to learn need not meet it, and no notebook imports it.
A wait ends with what it waits for: its limit (:data:`PATIENCE`) is there for what will never come.
Playwright drives the Chromium of the system (Debian's package ``chromium``, or the program that the environment
variable ``CHROMIUM`` names): nothing is downloaded.
"""
from __future__ import annotations

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
PATIENCE = 900  # seconds: a loaded machine may need minutes for what takes seconds elsewhere
_FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
          "--disable-component-update", "--disable-sync",
          "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]  # 3-D without a graphics card
_QUIET = {"notification": {"fetchNews": "false", "checkForUpdates": False}}
_FAILED = '.jp-OutputArea [data-mime-type="application/vnd.jupyter.error"]'
_CELLS = "[...document.querySelectorAll('.jp-Notebook .jp-CodeCell .jp-InputPrompt')]"


def chromium() -> str | None:
    """Path of the Chromium to drive, or None where there is none."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def _wait(condition, seconds, complaint, pause=time.sleep):
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
            _wait(lambda: urllib.request.urlopen(base + "/api", timeout=2), PATIENCE,
                  "JupyterLab did not start")
            yield Lab(base, browser)
        finally:
            server.terminate()
            server.wait(20)


class Lab:
    """A running JupyterLab and a browser; use :func:`lab` to get one."""

    def __init__(self, base, browser):
        self.base, self.browser = base, browser

    def kernels(self):
        return json.load(urllib.request.urlopen(self.base + "/api/kernels"))

    def open(self, notebook, width=1300, height=1000) -> Notebook:
        """One notebook (path below the folder) in a fresh page, its kernel connected."""
        for kernel in self.kernels():  # one at a time: a Binder pod has one core and 2 GB
            urllib.request.urlopen(urllib.request.Request(
                f"{self.base}/api/kernels/{kernel['id']}", method="DELETE"))
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
        self.page = page = lab.browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(1000 * PATIENCE)
        page.route("**/*", self._gate)
        page.on("console", self._hear)
        page.on("pageerror", lambda e: self._complain(str(e)))
        page.on("websocket", lambda ws: ws.on("framereceived", self._count))
        page.goto(f"{lab.base}/lab/tree/{name}?reset")
        # The status bar says "Idle" before the kernel is connected, and a Run All is then
        # lost: the server knows better.
        # Only the page's own wait lets Playwright answer the requests it holds back.
        _wait(self._connected, PATIENCE, f"no kernel for {name}", lambda s: page.wait_for_timeout(1000 * s))
        page.wait_for_timeout(500)

    def _connected(self):
        return any(k["connections"] and k["execution_state"] == "idle" for k in self.lab.kernels())

    def _gate(self, route):
        if route.request.url.startswith((self.lab.base, "data:", "blob:")):
            route.continue_()
        else:
            self.outside.append(route.request.url)
            route.abort()

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

    def run_all(self, timeout=PATIENCE):
        """Run all cells; returns when every one has run, or one has failed, and pictures are drawn."""
        if not self.page.locator(".jp-Notebook .jp-CodeCell").count():
            return
        self.start()
        self.page.wait_for_function(
            f"() => {_CELLS}.every(e => /\\[\\d+\\]/.test(e.textContent)) || document.querySelector('{_FAILED}')"
            f" && !{_CELLS}.some(e => e.textContent.includes('*'))", timeout=timeout * 1000)
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

    def picture_of(self, demo):
        """How often a demo's picture was drawn, and its pixels (PNG); of a demo of pages, −1 and what stands there."""
        picture = demo.locator(PICTURE)
        if not picture.count():
            return -1, demo.locator(".course-page").inner_text().encode()
        return int(picture.get_attribute("data-drawn")), picture.screenshot()

    def change(self, demo, kind, control):
        """Move a control until its demo's picture changes; on a busy machine a key press can be lost."""
        before = self.picture_of(demo)
        for last in (False, False, True):
            self.move(kind, control)
            try:
                return self.wait_for_change(demo, before)
            except TimeoutError:
                if last:
                    raise

    def wait_for_change(self, demo, before, seconds=60):
        """Wait until a demo's picture was drawn again since ``before`` and its pixels differ."""
        def changed():
            drawn, pixels = self.picture_of(demo)
            return (drawn > before[0] or drawn < 0) and pixels != before[1]
        _wait(changed, seconds, "the picture did not change", lambda s: self.page.wait_for_timeout(1000 * s))

    def widths(self) -> list[tuple[int, int, int]]:
        """Of each picture: the width of its place, of its box, and of what is drawn in it."""
        self.page.evaluate(_SCROLL_THROUGH)  # the browser leaves out what is far below the window
        return self.page.evaluate("""() => [...document.querySelectorAll('.jp-OutputArea .course-picture')].map(
            (e) => [e.parentElement.clientWidth, e.offsetWidth, e.querySelector('.main-svg').clientWidth])""")

    def close(self):
        self.page.close()


_SCROLL_THROUGH = """async () => {
  const outer = document.querySelector('.jp-WindowedPanel-outer') ?? document.querySelector('.jp-Notebook');
  for (let y = 0; y < outer.scrollHeight; y += 500) {
    outer.scrollTop = y;
    await new Promise((done) => setTimeout(done, 40));
  }
  outer.scrollTop = 0;
}"""

_COMPLAINTS = """() => {
  const found = [];
  const each = (css, say) => document.querySelectorAll(css).forEach((e) => say(e) && found.push(say(e)));
  const text = (e) => e.textContent.trim().slice(0, 300);
  each('.jp-OutputArea [data-mime-type="application/vnd.jupyter.stderr"]', (e) => 'error output: ' + text(e));
  each('.jp-OutputArea [data-mime-type="application/vnd.jupyter.error"]', (e) => 'error output: ' + text(e));
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
