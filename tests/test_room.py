"""The benchmark of a room of learners: what it computes, and what it writes for the hub. The hub itself is not run."""
import argparse
import pathlib
import socket

import pytest
from benchmarks import room

ROOT = pathlib.Path(__file__).resolve().parents[1]
MEASURED = dict(hub_mb=160, shared_mb=100, private_mb=300, cpu_seconds=20.0, seconds=90.0, total_mb=3260)


def test_thirty_learners_need_what_thirty_hold_alone_and_what_all_share():
    need = room.forecast(MEASURED, 30, cores=4, gigabytes=16, alone=25, pace=100)
    assert need["needs_gb"] == round((160 + 100 + 30 * 300) / 1024, 1) == 9.0
    assert need["fits"] and need["seconds_all_at_once"] == 150  # 30 * 20 / 4
    assert need["busy_cores"] == 0.1  # 30 * 20 s in 100 minutes
    assert not room.forecast(MEASURED, 30, cores=4, gigabytes=9.9, alone=25)["fits"]  # a tenth stays free
    assert room.forecast(MEASURED, 30, cores=4, gigabytes=16, alone=25)["busy_cores"] is None


def test_more_cores_than_learners_make_nobody_faster_than_alone():
    assert room.forecast(MEASURED, 2, cores=64, gigabytes=64, alone=25)["seconds_all_at_once"] == 25


def test_growth_is_a_ratio_of_what_both_have():
    one = dict(seconds=30, cpu_seconds=20, private_mb=250, total_mb=0)
    assert room.growth(one, MEASURED) == {"seconds": 3.0, "cpu_seconds": 1.0, "private_mb": 1.2}


@pytest.mark.parametrize("text", ["8", "8x", "x32", "0x32", "8x0", "8 x 32", "-8x32", "8x32x2", ""])
def test_a_server_is_cores_and_memory(text):
    assert room.server("8x32") == (8, 32)
    with pytest.raises(argparse.ArgumentTypeError, match="such as 8x32"):
        room.server(text)


def test_the_minutes_are_those_of_the_readme():
    table = ("| [00](notebooks/00_start_here.ipynb) | What? | 15 |\n| [05](notebooks/05_x.ipynb) | And? | 47 |\n"
             "| [05, deeper](notebooks/deeper/05_y.ipynb) | More? | 37 |\n")
    assert room.minutes(table, ["00", "05"]) == 62
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(room.minutes(readme, [f"0{number}"]) > 0 for number in range(9))


def test_the_hub_is_for_this_machine_alone(tmp_path):
    values = {}
    file = room.settings(tmp_path, pathlib.Path("/x/bin"), pathlib.Path("/x/proxy"), [1, 2, 3], "secret")
    for line in file.read_text().splitlines():
        name, _, value = line.partition(" = ")
        values[name] = eval(value)
    assert values["c.JupyterHub.bind_url"] == "http://127.0.0.1:1" and values["c.Spawner.ip"] == "127.0.0.1"
    for name in ("JupyterHub.hub_bind_url", "ConfigurableHTTPProxy.api_url"):
        assert values[f"c.{name}"].startswith("http://127.0.0.1:")
    assert values["c.Spawner.environment"]["OMP_NUM_THREADS"] == "1"
    assert (tmp_path / "jupyter/kernels/python3/kernel.json").exists()


def test_ports_are_free_and_differ():
    ports = room.free_ports(3)
    assert len(set(ports)) == 3
    for port in ports:
        with socket.socket() as one:
            one.bind(("127.0.0.1", port))
