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
    course = ROOT / "course"
    may = {"style.py": {"plotly"}, "widgets.py": {"plotly", "ipywidgets", "anywidget"},
           "feature_browser.py": {"ipywidgets"}}
    free = {"__main__.py", "exercises", "recipes", "jupyter"}
    for path in course.rglob("*.py"):
        top = path.relative_to(course).parts[0]
        if top in free:
            continue
        source = path.read_text(encoding="utf-8")
        draws = set(re.findall(r"^\s*(?:import|from) (plotly|ipywidgets|anywidget)", source, re.M))
        allowed = {"plotly"} if top == "plots" else may.get(top, set())
        assert draws <= allowed, f"{path.name} imports {draws - allowed}"
        if top in ("plots", "widgets.py", "style.py"):
            assert "torch" not in source, f"{path.name} names torch"
    for notebook in ROOT.glob("notebooks/*.ipynb"):
        assert "course.recipes" not in notebook.read_text(encoding="utf-8"), notebook.name


def test_minutes_are_the_same_everywhere_and_add_up():
    guide = (ROOT / "notebooks/TEACHING.md").read_text(encoding="utf-8")
    tables = [(ROOT / "README.md").read_text(encoding="utf-8"),
              "".join((ROOT / "notebooks/00_start_here.ipynb").read_text(encoding="utf-8").split('\\n",'))]
    sections = re.findall(r"^## (\d\d) [^(\n]*\((\d+) minutes[^)]*\)\n(.*?)(?=^## |\Z)", guide, re.M | re.S)
    assert [number for number, _, _ in sections] == [f"{n:02}" for n in range(10)]
    total = 0
    for number, minutes, text in sections:
        parts = [int(cell) for row in re.findall(r"^\|.*\|$", text, re.M) for cell in row.split("|")
                 if cell.strip().isdecimal()]
        assert sum(parts) == int(minutes), (number, sum(parts), minutes)
        head = next((ROOT / "notebooks").glob(f"{number}_*.ipynb")).read_text(encoding="utf-8")
        assert re.search(rf"\*\*(?:Minutes:\*\* |Time:\*\* ){minutes}\b", head), (number, minutes)
        for table in tables:
            row = next(line for line in table.splitlines() if re.search(rf"\| (\[?\**){number}\**\b", line))
            assert f"| {minutes} |" in row, (number, row)
        total += int(minutes) * (number != "09")  # optional
    assert f"| 00 to 08 | {total} |" in guide
