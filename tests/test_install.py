"""What is installed: one package, whose name no file of a user's hides."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import keras_search
from tests.helpers import ROOT

PARTS = ["commands", "results", "search_spaces", "tuner"]
GENERIC = ["benchmarks", "cli", "commands", "results", "search_spaces", "tests", "tuner"]
SCRIPT = """
import keras_search as ks
from keras_search import Tuner
import keras, numpy as np, utils

def build(hp):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(hp.Int("units", 2, 9), "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model

x, y = np.random.rand(32, 2), np.arange(32) % 2
tuner = Tuner(build, max_trials=1, workers=1, directory="results", project_name="tuner")
tuner.search(x, y, validation_data=(x, y))
print("read", len(ks.read("results/tuner").trials), "from", ks.__file__, utils.HELP)
"""
SPACE = """
import keras, results

def build(hp):
    import results as there
    classes = hp.Choice("classes", [results.CLASSES, there.CLASSES + 1])
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(classes, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
"""
THE_USERS = "raise ImportError('this file is the user\\'s own')\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, source = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("source")
    for name in (*PARTS, "keras_search"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("LICENSE", "README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, source)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(source)]
    subprocess.run(build, check=True)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture
def beside(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with a user's script, and beside it what is called like parts of this project."""
    (tmp_path / "utils.py").write_text("HELP = 'with help'\n")
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "cli.py").write_text(THE_USERS)
    for name in PARTS:
        (tmp_path / name).mkdir()
        file = tmp_path / f"{name}.py" if request.param == "files and folders" else tmp_path / name / "__init__.py"
        file.write_text(THE_USERS)
    return tmp_path


KINDS = pytest.mark.parametrize("beside", ["files and folders", "packages"], indirect=True)


def run(folder: Path, *words: str, **environment: str) -> str:
    """What `words` print that are run in `folder`, twice in a row: the first run leaves folders behind."""
    for _ in range(2):
        done = subprocess.run(words, cwd=folder, env=os.environ | environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_wheel_holds_one_package_and_all_that_it_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
    assert {re.split(r"[/-]", name)[0] for name in names} == {"keras_search", "keras_search_toolkit"}
    held = {name.removeprefix("keras_search/") for name in names if name.startswith("keras_search/")}
    files = (file for part in (*PARTS, "keras_search") for file in (ROOT / part).rglob("*") if file.is_file())
    needed = {str(file.relative_to(ROOT)).removeprefix("keras_search/") for file in files}
    assert held == {name for name in needed if "__pycache__" not in name}


@pytest.mark.slow
@KINDS
def test_an_installed_wheel_is_hidden_by_nothing(
    wheel: Path, beside: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    site = tmp_path_factory.mktemp("site")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), str(wheel)]
    subprocess.run(install, check=True)
    printed = run(beside, sys.executable, "script.py", PYTHONPATH=str(site))
    assert f"read 1 from {site / 'keras_search'}" in printed
    assert "with help" in printed


@pytest.mark.slow
@KINDS
def test_an_editable_install_is_hidden_by_nothing(beside: Path) -> None:
    assert "read 1 from" in run(beside, sys.executable, "script.py")


@KINDS
def test_a_checkout_is_hidden_by_nothing(beside: Path) -> None:
    assert "baseline_cnn" in run(beside, sys.executable, str(ROOT / "cli.py"), "spaces")


@pytest.mark.slow
def test_a_space_imports_what_lies_beside_it(tmp_path: Path) -> None:
    """Though a checkout has folders of those names where `cli.py` is, on the path of every process."""
    (tmp_path / "results.py").write_text("CLASSES = 10\n")
    (tmp_path / "tuner.py").write_text(SPACE)
    cli = [sys.executable, str(ROOT / "cli.py"), "search", "--overwrite"]
    small = ["--dataset", "digits", "--train-samples", "100", "--trials", "1", "--set", "epochs=1", "--workers", "1"]
    run(tmp_path, *cli, *small, "--space", "tuner:build")


def test_a_checkout_that_is_not_installed_is_importable_whole(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "keras_search", tmp_path / "keras_search")
    script = "import keras_search; print(keras_search.__version__, *dir(keras_search))"
    printed = run(tmp_path, sys.executable, "-S", "-c", script, PYTHONPATH="")  # -S: without what is installed
    assert printed.split() == ["0+unknown", *sorted(keras_search.__all__)]


INSTALLED = str(Path(sys.executable).parent / "keras-search")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([sys.executable, "-m", "keras_search"], "python -m keras_search"),
        ([sys.executable, str(ROOT / "cli.py")], f"python {ROOT / 'cli.py'}"),
        ([INSTALLED], "keras-search"),
    ],
)
def test_a_hint_names_the_way_the_user_came_in(words: list[str], named: str, tmp_path: Path) -> None:
    done = subprocess.run([*words, "serach"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.endswith(f"; {named} --help shows what there is\n"), done.stderr


def test_a_shell_completes_the_installed_command(tmp_path: Path) -> None:
    asked = {"_KERAS_SEARCH_COMPLETE": "complete_bash", "COMP_WORDS": "keras-search se", "COMP_CWORD": "1"}
    assert run(tmp_path, INSTALLED, **asked).split() == ["search"]


def test_nothing_is_importable_by_a_generic_name(tmp_path: Path) -> None:
    """An editable install would, if it put the whole checkout on the path."""
    script = f"from importlib.util import find_spec; print([name for name in {GENERIC} if find_spec(name)])"
    assert run(tmp_path, sys.executable, "-c", script, PYTHONPATH="") == "[]\n"


def test_ci_tries_the_lower_bounds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    asked = {*project["dependencies"], *extras["distributed"], *extras["optuna"], *extras["parquet"]}
    tried = dict(re.findall(r"^([\w-]+)==(\S+)", (ROOT / ".ci" / "oldest.txt").read_text(), re.MULTILINE))
    for requirement in asked:
        name, bound = requirement.split(">=")
        assert re.fullmatch(rf"{re.escape(bound)}(\.0)*", tried[name]), f"{requirement}, and {tried[name]} is tried"


def test_the_page_on_installing_names_what_is_needed_beside_tensorflow() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {requirement.split(">=")[0] for requirement in project["dependencies"]} - {"tensorflow"}
    page = (ROOT / "docs" / "install.md").read_text()
    lists = re.findall(r"-m pip install ([a-z0-9 -]+)$", page, re.MULTILINE)
    assert needed in [set(names.split()) for names in lists]
