"""The whole suite on two workers, and without them; what it leaves out."""
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent
TEST = """
import os, pytest
@pytest.fixture(scope="module")
def shared():
    open("made", "a").write("x")
@pytest.mark.parametrize("k", range(3))
def test_good(k, shared):
    assert os.environ["OMP_NUM_THREADS"] == "1"
    print("by", os.environ.get("PYTEST_XDIST_WORKER"))
@pytest.mark.slow
def test_slow(): pass
"""


@pytest.mark.parametrize("options, workers, passed, left_out", [
    ([], 2, 6, 6), (["-p", "no:xdist"], 0, 6, 6), (["tests"], 0, 6, 2),
    (["tests", "notebooks/deeper"], 0, 9, 3)], ids=str)
def test_a_file_stays_with_one_worker_and_slow_tests_are_counted(tmp_path, options, workers, passed, left_out):
    pytest.importorskip("xdist", reason="pytest-xdist is missing: pip install -r tests/requirements.txt")
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "notebooks/deeper").mkdir(parents=True)
    for name in ("tests/test_a", "tests/test_b", "notebooks/deeper/test_c"):  # of the whole suite, all of c is slow
        (tmp_path / f"{name}.py").write_text(TEST)
    variables = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("PYTEST")}
    run = subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rP", *options], cwd=tmp_path,
                         env=variables, capture_output=True, text=True)
    said = f"{left_out} slow tests were left out"
    assert f"{passed} passed" in run.stdout and said in run.stdout, run.stdout + run.stderr
    assert {f"by gw{k}" in run.stdout for k in range(2)} == {workers == 2} and "by gw2" not in run.stdout
    assert (tmp_path / "made").read_text() == "x" * (passed // 3)
