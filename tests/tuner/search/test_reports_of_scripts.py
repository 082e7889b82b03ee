"""What a script, and the command line, show of what trials print and log."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import ROOT, run_process
from tests.tuner.executors.cluster import until

INTERRUPTED = """
import logging, time
logging.basicConfig(level=logging.INFO, filename="train.log", format="%(message)s")
import keras, numpy as np
from keras_search import Tuner

def build(hp):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(hp.Int("units", 1, 9)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model

class Slow(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        logging.info("an epoch has ended")
        time.sleep(60)

Tuner(build, "loss", 2, workers=1, project_name="run").search(np.ones((16, 2)), np.ones(16), callbacks=[Slow()])
"""


@pytest.mark.slow
def test_what_was_logged_when_a_signal_ends_the_search_has_reached_the_handlers(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(INTERRUPTED)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "script.py"], cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL)
    log = tmp_path / "runs" / "run" / "trial_0" / "log.jsonl"
    until(lambda: log.exists() and log.read_text(), 120)
    process.send_signal(signal.SIGINT)
    process.wait(60)
    assert (tmp_path / "train.log").read_text() == "an epoch has ended\n"


SCRIPT = """
import logging, sys, warnings
logging.basicConfig(level=logging.INFO, filename="train.log", format="%(levelname)s:%(message)s")
warnings.filterwarnings("ignore", message="of no interest")
import keras, numpy as np
from keras_search import Tuner

seen = []

def build(hp):
    seen.append(hp.Int("units", 1, 9))
    logging.info("building")
    print("a line", flush=True)
    warnings.warn("of no interest")
    warnings.warn("of interest")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(seen[-1]), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model

x = np.ones((16, 2))
tuner = Tuner(build, "loss", 2, workers=1, project_name="run")
del seen[:]
open("train.log", "w").close()
print("BEGIN")
tuner.search(x, x[:, 0], epochs=1)
print("END", seen)
"""


@pytest.mark.slow
def test_a_script_sees_what_its_trials_print_and_log(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.split("BEGIN\n")[1].splitlines()
    assert lines[-1] == "END []"
    assert "trial 0: a line" in lines
    assert "trial 1: a line" in lines
    changed = "the trials changed seen in their own processes only: search with workers=0 to have that here"
    assert lines.count(changed) == 1
    assert (tmp_path / "train.log").read_text() == "INFO:building\n" * 2
    text = (tmp_path / "runs" / "run" / "trial_0" / "output.txt").read_text()
    assert "UserWarning: of interest" in text
    assert "of no interest" not in text


@pytest.mark.slow
def test_the_command_line_says_it_with_its_option(tmp_path: Path) -> None:
    (tmp_path / "space.py").write_text(
        "import keras\n"
        "built = []\n"
        "def build(hp):\n"
        "    built.append(hp.Int('units', 1, 9))\n"
        "    print('a line')\n"
        "    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10, 'softmax')])\n"
        "    model.compile('sgd', 'sparse_categorical_crossentropy', metrics=['accuracy'])\n"
        "    return model\n"
    )
    options = ["--space", "space.py:build", "--dataset", "digits", "--train-samples", "100", "--trials", "1"]
    done = run_process("search", *options, "--set", "epochs=1", "--workers", "1", "--run", "own", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "the trials changed built in their own processes only: search with --workers=0 to have that here" in lines
    assert "trial 0: a line" in lines
