"""Slider to picture, and bytes sent, in a real browser.

For every live demo of every notebook: the time from a key press on each slider to the frame in
which its picture is on the screen, median of 20, beside a bare round trip (slider to label, no
picture) measured in the same run. Demos that train are listed apart, median of 5; their bar is
one second where they train ten toy models. The bar of the others is 3 bare round trips; the
target on an idle machine is 100 ms. The last line is one JSON object, with the megabytes sent
and the seconds from Run All to the first picture.
"""
import json
import pathlib
import shutil
import statistics
import sys
import tempfile
import time

import nbformat

from course.recipes import browser, notebooks

BARE = """
import ipywidgets as W
bare, label = W.IntSlider(0, 0, 100), W.Label("start")
bare.observe(lambda change: setattr(label, "value", f"is {change.new}"), "value")
label.add_class("bare-label")
W.VBox([bare, label])
"""
# Both are timed alike: from the key press to the first frame after the change.
TIME = """async ([handle, target, attribute, n]) => {
  handle.scrollIntoView({block: 'center'});
  await new Promise((done) => setTimeout(done, 1500));
  handle.focus();
  const times = [];
  for (let i = 0; i < n; i++) {
    const now = Number(handle.getAttribute('aria-valuenow')), high = Number(handle.getAttribute('aria-valuemax'));
    if (now >= high) { handle.dispatchEvent(new KeyboardEvent('keydown', {key: 'Home', bubbles: true}));
                       await new Promise((done) => setTimeout(done, 700)); }
    const changed = new Promise((done) => {
      const watch = new MutationObserver(() => { watch.disconnect(); requestAnimationFrame(() => done(true)); });
      watch.observe(target, attribute ? {attributes: true, attributeFilter: [attribute]}
                                      : {subtree: true, childList: true, characterData: true});
      setTimeout(() => { watch.disconnect(); done(false); }, 5000);
    });
    const start = performance.now();
    handle.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true}));
    if (await changed) times.push(performance.now() - start);
    await new Promise((done) => setTimeout(done, 150));
  }
  return times;
}"""


def main(n=20):
    result = {"bare_ms": None, "notebooks": {}}
    with tempfile.TemporaryDirectory() as folder:
        bare = nbformat.v4.new_notebook(metadata={"kernelspec": notebooks._KERNEL},
                                        cells=[nbformat.v4.new_code_cell(BARE)])
        nbformat.write(bare, pathlib.Path(folder, "bare.ipynb"))
        for path in notebooks.paths():
            shutil.copy(path, folder)
        with browser.lab(folder) as lab:
            def median(page, handle, target, attribute, n=n):
                times = page.page.evaluate(TIME, [handle.element_handle(), target.element_handle(), attribute, n])
                return round(statistics.median(times), 1) if len(times) >= n * 0.8 else None

            page = lab.open("bare.ipynb")
            page.run_all()
            page.page.wait_for_selector(".bare-label")
            result["bare_ms"] = median(page, page.page.locator(".noUi-handle").first,
                                       page.page.locator(".bare-label").first, None)
            page.close()
            for path in notebooks.paths(sys.argv[1:]):
                page = lab.open(path.name)
                begun = time.perf_counter()
                if page.page.locator(".jp-Notebook .jp-CodeCell").count():
                    page.start()
                    page.page.wait_for_selector(f"{browser.PICTURE}[data-drawn]", state="attached")
                found = {"first_picture_s": round(time.perf_counter() - begun, 1)}
                page.page.wait_for_timeout(1000)
                page.run_all()
                found |= {"sent_mb": round(page.received / 1e6, 2), "sliders_ms": [], "training_ms": []}
                for demo in page.demos().all():
                    for kind, control in page.controls(demo):
                        if kind == "slider":
                            trains = control.evaluate("e => Boolean(e.closest('.course-trains'))")
                            found["training_ms" if trains else "sliders_ms"].append(
                                median(page, control, demo.locator(browser.PICTURE), "data-drawn", 5 if trains else n))
                result["notebooks"][path.stem] = found
                print(path.stem, found, flush=True)
                page.close()
    worst = max((t for found in result["notebooks"].values() for t in found["sliders_ms"] if t), default=0)
    result["worst_ms"] = worst
    result["worst_training_ms"] = max(
        (t for found in result["notebooks"].values() for t in found["training_ms"] if t), default=None)
    result["worst_ratio_to_bare"] = round(worst / result["bare_ms"], 2)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
