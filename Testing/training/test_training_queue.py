"""Training side by side: workers end with whoever started them, and errors come through as ours."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contourqa_training import training_queue
from contourqa_training.training_queue import Training, train_side_by_side
from ContourQALib.errors import ContourQAError
from one_process import one_process
from segmenter_runs import boxes_config, write_boxes

PARENT = """
import os, sys, time
from contourqa_training.training_queue import workers_of

if __name__ == "__main__":
    with workers_of(2) as pool:
        print(*{future.result() for future in [pool.submit(os.getpid) for _ in range(4)]}, flush=True)
        pool.submit(time.sleep, 600)
        time.sleep(600)
"""


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"  # ended, and not yet fetched by whoever inherited it


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see other processes")
def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    workers = [int(number) for number in parent.stdout.readline().split()]
    assert workers
    assert all(alive(worker) for worker in workers)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    end = time.monotonic() + 30  # at once, but for a machine that is busy
    while any(alive(worker) for worker in workers) and time.monotonic() < end:
        time.sleep(0.1)
    assert not any(alive(worker) for worker in workers)


def test_a_training_goes_on_where_it_stood_and_one_that_is_finished_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first call in a process of its own, the second in this one, which loads what it needs only once."""
    monkeypatch.setattr(training_queue, "cores", lambda: 1)  # sums of one thread, as in this process
    data = write_boxes(tmp_path / "data")
    short, long = (boxes_config(f"epochs = {n}", old="epochs = 3") for n in (1, 2))
    run, whole = tmp_path / "run", tmp_path / "whole"
    said: list[str] = []

    def train(*trainings: Training) -> None:
        said.clear()
        train_side_by_side(trainings, data, cache=tmp_path / "cache", workers=1, say=said.append)

    train(Training("boxes", short, run), Training("whole", long, whole))
    assert [line for line in said if line.startswith("boxes: epoch 1 of 1")]  # told by the other process
    assert {line.partition(": ")[2] for line in said if " models: " in line} == {
        "boxes is trained",
        "whole is trained",
    }
    with one_process(training_queue):
        train(Training("boxes", long, run), Training("whole", long, whole))
    assert [line for line in said if "epoch" in line and line.startswith("boxes: epoch 2 of 2")]
    assert not [line for line in said if "epoch 1 of" in line or line.startswith("whole: epoch")]
    assert any(line.endswith(" models: whole was trained before") for line in said)
    weights = [folder / "model" / "weights.safetensors" for folder in (run, whole)]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_an_error_of_one_training_is_raised_and_the_others_are_given_up(tmp_path: Path) -> None:
    data = write_boxes(tmp_path / "data", without_spleen=[f"case_{n:02d}" for n in range(8)])
    one = boxes_config().for_structures(["spleen"])
    other = boxes_config("epochs = 3000", old="epochs = 3").for_structures(["liver"])
    trainings = [Training("liver", other, tmp_path / "liver"), Training("spleen", one, tmp_path / "spleen")]
    with pytest.raises(ContourQAError, match="spleen"):
        train_side_by_side(trainings, data, cache=tmp_path / "cache", workers=2)
    assert not multiprocessing.active_children()
