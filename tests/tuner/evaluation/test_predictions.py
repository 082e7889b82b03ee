"""What the evaluated model says of the test images, and of pictures."""

import fcntl
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from benchmarks.pictures import KINDS, draw
from keras_search import results
from keras_search.commands import app as cli
from keras_search.tuner import InputError, runtime
from keras_search.tuner.data import datasets
from keras_search.tuner.evaluation import comparison as evaluation
from keras_search.tuner.evaluation import predictions
from tests.helpers import ROOT, run_cli, tree
from tests.results.made_run import evaluate, make_run, random_trials
from tests.results.projects import write_trial


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> results.Run:
    """A run on digits with a model that was never trained: it makes many mistakes."""
    folder = tmp_path_factory.mktemp("evaluated") / "run"
    run = make_run(folder, random_trials(2), fingerprint=datasets.load("digits").fingerprint)
    evaluate(run, [0.9], [0.9], trial_id="1")
    save_model(folder / "best_model.keras", "softmax")
    return results.read(folder)


def save_model(path: Path, activation: str) -> None:
    runtime.load_keras()
    import keras

    keras.utils.set_random_seed(0)
    layers = [keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(10, activation=activation)]
    keras.Sequential(layers).save(path)


def test_they_are_those_of_the_saved_model(evaluated: results.Run) -> None:
    import keras

    found = predictions.predict(evaluated)
    dataset = evaluation.load_dataset(evaluated)
    expected = keras.models.load_model(evaluated.path / "best_model.keras").predict(dataset.x_test, verbose=0)
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-5)
    assert found.labels.tolist() == dataset.y_test.tolist()
    assert "(trial 1)" in found.title
    assert "297 test images of digits" in found.title


def test_the_model_of_a_run_that_the_first_version_evaluated_predicts(evaluated: results.Run, tmp_path: Path) -> None:
    shutil.copytree(evaluated.path, tmp_path / "run")
    path = tmp_path / "run" / "evaluation.json"
    told = json.loads(path.read_text())
    del told["dataset"]["training_images"]  # which 0.1.0 did not write
    path.write_text(json.dumps(told))
    assert "(trial 1)" in predictions.predict(results.read(tmp_path / "run")).title


def test_logits_become_probabilities(evaluated: results.Run, tmp_path: Path) -> None:
    before = predictions.predict(evaluated)
    shutil.copytree(evaluated.path, tmp_path / "run")
    save_model(tmp_path / "run" / "best_model.keras", "linear")
    after = predictions.predict(results.read(tmp_path / "run"))
    np.testing.assert_allclose(after.probabilities, before.probabilities, atol=1e-5)


def test_the_command_draws_matrix_and_mistakes(evaluated: results.Run, tmp_path: Path) -> None:
    arguments = ["plot", str(evaluated.path), "--kind", "confusion", "--kind", "mistakes", "--out", str(tmp_path)]
    done = CliRunner().invoke(cli.app, arguments)
    assert done.exit_code == 0, done.output
    written = {"confusion.png", "confusion.svg", "mistakes.png", "mistakes.svg"}
    assert {path.name for path in tmp_path.iterdir()} == written


@pytest.mark.slow
def test_the_report_has_matrix_and_mistakes(evaluated: results.Run, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    done = CliRunner().invoke(cli.app, ["report", str(evaluated.path), "--out", str(out)])
    assert done.exit_code == 0, done.output
    page = out.read_text()
    assert '<figure class="confusion">' in page
    assert '<figure class="mistakes">' in page
    assert 'alt="Images that were mistaken: best_model.keras of run (trial 1), on the 297 test images' in page


def test_what_is_not_there_is_named(evaluated: results.Run, tmp_path: Path) -> None:
    with pytest.raises(results.RunError, match=r"has no evaluated model: evaluate it first$"):
        predictions.predict(make_run(tmp_path / "other", random_trials(1)))
    write_trial(tmp_path / "project", "0")
    with pytest.raises(results.RunError, match="has no dataset recorded, on which its best model could be tested"):
        predictions.predict(results.read(tmp_path / "project"))
    shutil.copytree(evaluated.path, tmp_path / "run")
    (tmp_path / "run" / "best_model.keras").write_text("no model")
    with pytest.raises(results.RunError, match=r"cannot be read back .*: evaluate the run again"):
        predictions.predict(results.read(tmp_path / "run"))
    described = json.loads((tmp_path / "run" / "run.json").read_text())
    described["dataset"]["fingerprint"] = "0" * 64
    (tmp_path / "run" / "run.json").write_text(json.dumps(described))
    with pytest.raises(results.RunError, match=r"dataset 'digits' has changed"):
        predictions.predict(results.read(tmp_path / "run"))


@pytest.fixture(scope="module")
def trained(evaluated: results.Run, tmp_path_factory: pytest.TempPathFactory) -> results.Run:
    """The same run with a model that gets most of the digits right."""
    import keras

    path = tmp_path_factory.mktemp("trained") / "run"
    shutil.copytree(evaluated.path, path)
    dataset = evaluation.load_dataset(evaluated)
    keras.utils.set_random_seed(0)
    layers = [keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(64, "relu")]
    model = keras.Sequential([*layers, keras.layers.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(dataset.x_train, dataset.y_train, epochs=10, verbose=0)
    model.save(path / "best_model.keras")
    return results.read(path)


def pictures_of(dataset: datasets.Dataset, count: int, folder: Path) -> Iterator[tuple[Path, int]]:
    """Test images in pictures of every kind but the largest, with their classes."""
    rng = np.random.default_rng(0)
    kinds = [kind for kind in KINDS if "," not in kind]
    for number in range(count):
        kind = kinds[number % len(kinds)]
        path = folder / f"{number}{KINDS[kind][2]}"
        draw(dataset.x_test[number, ..., 0], kind, rng).save(path)
        yield path, int(dataset.y_test[number])


@pytest.mark.slow
def test_most_digits_in_pictures_are_told(trained: results.Run, tmp_path: Path) -> None:
    dataset = evaluation.load_dataset(trained)
    paths, classes = zip(*pictures_of(dataset, 140, tmp_path))
    found = predictions.classify(trained, paths)
    assert [one.path for one in found] == list(paths)
    right = sum(one.top(1)[0][0] == true for one, true in zip(found, classes))
    of_images = predictions.predict(trained)
    assert right / len(paths) > (of_images.classes == of_images.labels).mean() - 0.1
    for one in found:
        assert one.probabilities.sum() == pytest.approx(1, abs=1e-5)
        assert [number for number, _ in one.top(10)] == np.argsort(-one.probabilities, kind="stable").tolist()


def test_an_image_of_the_data_is_answered_as_itself(trained: results.Run, tmp_path: Path) -> None:
    dataset = evaluation.load_dataset(trained)
    paths = [tmp_path / f"{number}.png" for number in range(5)]
    for path, image in zip(paths, dataset.x_test):
        Image.fromarray(np.round(image[..., 0] * 255).astype("uint8")).save(path)
    found = np.stack([one.probabilities for one in predictions.classify(trained, paths)])
    np.testing.assert_allclose(found, predictions.predict(trained).probabilities[:5], atol=1e-6)


def test_the_command_shows_the_best_three_and_what_it_saw(trained: results.Run, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        path, _ = next(pictures_of(evaluation.load_dataset(trained), 1, tmp_path / folder))
        path.rename(tmp_path / folder / "digit.png")
    asked = [str(tmp_path / "a" / "digit.png"), str(tmp_path / "b" / "digit.png")]
    saw = tmp_path / "new" / "saw"
    done = run_cli("predict", *asked, "--run", trained.path, "--saw", saw, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = predictions.classify(trained, [Path(one) for one in asked])
    for one in found:
        line = next(line for line in done.stdout.splitlines() if line.strip().startswith(str(one.path)))
        answers = [f"{number} {100 * share:.2f}%" for number, share in one.top(3)]
        assert " ".join(line.split()) == " ".join([str(one.path), *answers])
    assert sorted(path.name for path in saw.iterdir()) == ["digit-2.png", "digit.png"]
    seen = np.asarray(Image.open(saw / "digit.png"))
    np.testing.assert_array_equal(seen[5::10, 5::10], found[0].image)
    assert f"Written: {saw / 'digit-2.png'}" in done.stdout


@pytest.mark.slow
def test_bad_pictures_are_refused_before_anything_is_loaded_or_written(evaluated: results.Run, tmp_path: Path) -> None:
    Image.new("L", (300, 200), "white").save(tmp_path / "blank.png")
    Image.new("L", (9, 9), "white").save(tmp_path / "picture.gif")
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r}); sys.argv[0] = 'cli.py'\n"
    script += "from keras_search.commands import app as cli\n"
    script += "try: cli.app()\nfinally: assert not {'tensorflow', 'keras'} & set(sys.modules)"
    cases = {
        ("blank.png",): "Error: 'blank.png' shows no digit: nothing in it stands out from its background",
        ("blank.png", "nothing.jpg"): "Error: 'nothing.jpg' is not there: give a PNG or JPEG file",
        ("picture.gif",): "Error: 'picture.gif' is not a PNG or JPEG picture",
    }
    before = tree(tmp_path)
    for names, said in cases.items():
        arguments = ["predict", *names, "--run", str(evaluated.path), "--saw", "saw"]
        done = subprocess.run([sys.executable, "-c", script, *arguments], cwd=tmp_path, capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{said}\n")
    assert tree(tmp_path) == before
    other = make_run(tmp_path / "other", random_trials(1))
    with pytest.raises(results.RunError, match=r"has no evaluated model: evaluate it first$"):
        predictions.classify(other, [tmp_path / "blank.png"])


def on_arrays(folder: Path, arrays: dict[str, np.ndarray], outputs: int, activation: str) -> results.Run:
    """An evaluated run on `arrays`, with a model that was never trained."""
    import keras

    np.savez(folder / "data.npz", **arrays)
    dataset = datasets.load(str(folder / "data.npz"))
    run = make_run(folder / "run", random_trials(2), fingerprint=dataset.fingerprint)
    described = json.loads((run.path / "run.json").read_text())
    described["dataset"] |= {"name": dataset.name, "source": dataset.source}
    (run.path / "run.json").write_text(json.dumps(described))
    evaluate(run, [0.9], [0.9], trial_id="1")
    keras.utils.set_random_seed(0)
    layers = [keras.Input(dataset.input_shape), keras.layers.Flatten(), keras.layers.Dense(outputs, activation)]
    keras.Sequential(layers).save(run.path / "best_model.keras")
    return results.read(run.path)


def test_other_pictures_are_scaled_like_the_data(arrays: dict[str, np.ndarray], tmp_path: Path) -> None:
    import keras

    pixels = np.random.default_rng(1).integers(0, 256, (10, 12, 3), dtype="uint8")
    colour = {name: np.stack([one] * 3, axis=-1) if one.ndim == 3 else one for name, one in arrays.items()}
    ranges = {"bytes": (colour, 0, 1), "floats": (colour, -1, 1), "wide": (colour, 0, 255)}
    for name, (stored, low, high) in ranges.items():
        (tmp_path / name).mkdir()
        scaled = {key: low + one / 255 * (high - low) if one.ndim == 4 else one for key, one in stored.items()}
        run = on_arrays(tmp_path / name, stored if name == "bytes" else scaled, 3, "softmax")
        Image.fromarray(pixels).save(tmp_path / name / "picture.png")
        found = predictions.classify(run, [tmp_path / name / "picture.png"])[0]
        np.testing.assert_array_equal(found.image, pixels)
        model = keras.models.load_model(run.path / "best_model.keras")
        expected = model.predict((low + pixels / 255 * (high - low))[np.newaxis], verbose=0)[0]
        np.testing.assert_allclose(found.probabilities, expected, atol=1e-5)
    (tmp_path / "standardised").mkdir()
    odd = {key: one / 100 - 1.3 if one.ndim == 4 else one for key, one in colour.items()}
    run = on_arrays(tmp_path / "standardised", odd, 3, "softmax")
    with pytest.raises(InputError, match=r"values from -1.3 to 1.25: what a picture would be among them is not known"):
        predictions.classify(run, [tmp_path / "bytes" / "picture.png"])


@pytest.mark.parametrize("activation", ["sigmoid", "linear"])
def test_one_output_for_two_classes(activation: str, arrays: dict[str, np.ndarray], tmp_path: Path) -> None:
    two = {name: one % 2 if one.ndim == 1 else one for name, one in arrays.items()}
    run = on_arrays(tmp_path, two, 1, activation)
    path = tmp_path / "picture.png"
    Image.fromarray(arrays["x_test"][3]).save(path)
    found = predictions.classify(run, [path])[0]
    assert found.probabilities.shape == (2,)
    assert found.probabilities.min() >= 0
    assert found.probabilities.sum() == pytest.approx(1)
    assert len(found.top(3)) == 2


@pytest.mark.parametrize("work", ["evaluation", "search"])
def test_an_evaluation_beside_other_work_on_the_run_is_refused(
    work: str, evaluated: results.Run, tmp_path: Path
) -> None:
    run = shutil.copytree(evaluated.path, tmp_path / "run")
    (run / ".lock").write_text(f"process 7 on thathost, {work}")
    with (run / ".lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        before = tree(run)
        done = CliRunner().invoke(cli.app, ["best", "--evaluate", "--run", str(run)])
        assert done.exit_code == 2
        said = f"Error: another {work} is at work on run {str(run)!r} (process 7 on thathost): wait until it ends\n"
        assert done.stderr == said
        assert tree(run) == before
