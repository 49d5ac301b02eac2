"""One style of code, notebooks included, and nothing that belongs to one machine."""
import importlib.util
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest

from course import style

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


# Machado, Oliveira and Fernandes 2009, severity 1: what is left of linear RGB
BLINDNESS = {
    "none": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413),
                     (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900))}
APART = 12  # CIE 1976; about 2.3 can just be told apart


def linear(colour):
    """sRGB, such as "#0072B2", as linear RGB, (3,)."""
    share = np.array([int(colour[k:k + 2], 16) for k in (1, 3, 5)]) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """Linear RGB as CIE L*a*b*, (3,), for D65."""
    xyz = np.array([[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]]) @ rgb
    x, y, z = np.cbrt(np.maximum(xyz / (0.9505, 1, 1.0888), 1e-9))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def nearest_pair(colours, blindness):
    """How far apart the two are that are hardest to tell apart, and which."""
    seen = [lab(np.clip(BLINDNESS[blindness] @ linear(colour), 0, 1)) for colour in colours]
    return min((np.linalg.norm(seen[i] - seen[k]), colours[i], colours[k])
               for i in range(len(seen)) for k in range(i))


def contrast(one, other):
    light, dark = sorted((linear(colour) @ (0.2126, 0.7152, 0.0722) for colour in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("blindness", BLINDNESS)
def test_colours_stay_apart_for_the_colour_blind(blindness):
    together = {"palette": [*style.PALETTE, style.INK, style.GREY, style.PALE],
                "signed": [colour for _, colour in style.SIGNED]}
    for colours in together.values():
        assert nearest_pair(colours, blindness)[0] > APART, nearest_pair(colours, blindness)


def test_the_test_of_colours_finds_a_red_and_a_green_that_look_alike():
    alike = ["#a06000", "#5f7f00"]
    assert nearest_pair(alike, "deuteranopia")[0] < APART < nearest_pair(alike, "none")[0]


def test_words_stand_out_from_what_is_behind_them():
    for words, behind in ((style.INK, "#ffffff"), (style.GREY, "#ffffff"), ("#ffffff", style.BLUE)):
        assert contrast(words, behind) >= 4.5, (words, behind)


def test_nothing_moves_unasked():
    for path in [*ROOT.glob("course/**/*.py"), *ROOT.glob("course/**/*.js")]:
        moving = re.findall(r"\banimat\w+|\brequestAnimationFrame|\btransition(?!: none)\b.*",
                            path.read_text(encoding="utf-8"))
        assert not moving or "recipes" in path.parts, (path.name, moving)
