"""Pictures of every kind are read upright and whole, what is none is named, and nothing is written over."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_search.tuner import InputError
from keras_search.tuner.data import pictures


def shades(height: int = 30, width: int = 20) -> np.ndarray:
    return np.linspace(0, 255, height * width).reshape(height, width).astype("uint8")


def read(path: Path) -> np.ndarray:
    return np.asarray(pictures.read(path))


def test_bit_depths_and_palettes(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    Image.fromarray(shades()).save(path)
    np.testing.assert_array_equal(read(path), shades())
    Image.fromarray(shades().astype("uint16") * 257).save(path)
    np.testing.assert_array_equal(read(path), shades())
    Image.fromarray(shades()).convert("P").save(path)
    np.testing.assert_array_equal(read(path)[..., 1], shades())
    Image.fromarray(shades()).convert("1", dither=Image.Dither.NONE).save(path)
    np.testing.assert_array_equal(read(path), np.where(shades() > 127, 255, 0))
    colours = np.stack([shades(), shades()[::-1], shades()[:, ::-1]], axis=-1)
    Image.fromarray(colours).save(path)
    np.testing.assert_array_equal(read(path), colours)
    Image.fromarray(colours).convert("CMYK").save(tmp_path / "picture.jpg", quality=95)
    assert np.abs(read(tmp_path / "picture.jpg").astype(int) - colours).mean() < 10


def test_a_photograph_is_turned_upright(tmp_path: Path) -> None:
    path = tmp_path / "photograph.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: to be rotated by 90 degrees clockwise
    Image.fromarray(np.rot90(shades())).save(path, quality=95, exif=exif)
    assert np.abs(read(path).astype(int) - shades()).mean() < 3


@pytest.mark.parametrize(("stroke", "paper"), [(0, 255), (40, 255), (255, 0), (220, 0)])
def test_what_is_transparent_becomes_the_paper(stroke: int, paper: int, tmp_path: Path) -> None:
    pixels = np.full((9, 9, 4), stroke, "uint8")
    pixels[..., 3] = 0
    pixels[3:6, 3:6, 3] = 255
    path = tmp_path / "picture.png"
    Image.fromarray(pixels).save(path)
    expected = np.full((9, 9, 3), paper)
    expected[3:6, 3:6] = stroke
    np.testing.assert_array_equal(read(path), expected)


def test_it_is_resized_as_a_whole() -> None:
    pixels = np.full((100, 200), 50, "uint8")
    pixels[:, 100:] = 200
    pixels[[0, -1]] = 10
    image = pictures.resized(Image.fromarray(pixels), (32, 32, 3))
    assert image.shape == (32, 32, 3)
    assert (image[:7] == 10).all(), "what is left over is like the border"
    assert (image[-7:] == 10).all()
    assert np.abs(image[12:20, 2:14].astype(int) - 50).max() <= 2
    assert np.abs(image[12:20, 18:30].astype(int) - 200).max() <= 2
    same = pictures.resized(Image.fromarray(shades()), (30, 20, 1))
    np.testing.assert_array_equal(same[..., 0], shades())


def test_names_that_are_taken_get_a_number(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "five.png").write_text("mine")
    images = {
        Path("a/five.png"): shades(28, 28),
        Path("b/five.jpg"): shades(28, 28)[..., np.newaxis],
        Path("c.png"): shades(),
    }
    written = pictures.save(images, tmp_path / "out")
    assert [path.name for path in written] == ["five-2.png", "five-3.png", "c.png"]
    assert (tmp_path / "out" / "five.png").read_text() == "mine"
    np.testing.assert_array_equal(np.asarray(Image.open(written[0]))[5::10, 5::10], shades(28, 28))
    assert Image.open(written[1]).size == (280, 280)
    assert len(list((tmp_path / "out").iterdir())) == 4


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    def said(path: Path) -> str:
        with pytest.raises(InputError) as error:
            pictures.read(path)
        assert str(path) in str(error.value)
        return str(error.value)

    assert "is not there" in said(tmp_path / "nothing.png")
    assert "is a folder" in said(tmp_path)
    path = tmp_path / "picture.png"
    path.write_text("no picture")
    assert "is not a PNG or JPEG picture" in said(path)
    Image.fromarray(shades()).save(path, format="GIF")
    assert "is not a PNG or JPEG picture" in said(path)
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 90), dtype="uint8")).save(path)
    path.write_bytes(path.read_bytes()[:5000])
    assert "cannot be read" in said(path)
    Image.new("1", (10_000, 9_000)).save(path)
    assert "has more than 89,478,485 pixels: make it smaller" in said(path)
    Image.new("1", (20_000, 9_000)).save(path)
    assert "has more than 89,478,485 pixels: make it smaller" in said(path)
    with pytest.raises(InputError, match=r"^saw '.*picture\.png/out': '.*picture\.png' is a file"):
        pictures.check_folder(path / "out")
