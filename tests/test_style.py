"""One style of code, notebooks included, and nothing that belongs to one machine."""
import importlib.util
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]


@pytest.mark.skipif(not importlib.util.find_spec("ruff"), reason="ruff is missing: see tests/requirements.txt")
def test_ruff_is_content():
    run = subprocess.run([sys.executable, "-m", "ruff", "check", "--no-cache", "."], cwd=ROOT, capture_output=True,
                         text=True)
    assert run.returncode == 0, run.stdout[-3000:]


def test_arrows_point_down():
    """Mathematics never draws, plots never train, widgets hold no mathematics, and notebooks know no recipes."""
    below = {"words": set(), "packing": set(), "data/__init__": set(), "environment": set(), "style": {"plotly"},
             "plots": {"plotly"}, "widgets": {"plotly", "ipywidgets", "anywidget"}}
    for name, allowed in below.items():
        source = (ROOT / f"course/{name}.py").read_text(encoding="utf-8")
        used = set(re.findall(r"^\s*(?:import|from) (plotly|ipywidgets|anywidget)", source, re.M))
        assert used <= allowed, f"course/{name}.py imports {used - allowed}"
    assert "torch" not in (ROOT / "course/plots.py").read_text() + (ROOT / "course/widgets.py").read_text()
    for notebook in ROOT.glob("notebooks/*.ipynb"):
        assert "course.recipes" not in notebook.read_text(encoding="utf-8"), notebook.name
