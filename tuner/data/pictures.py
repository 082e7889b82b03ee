"""The user's pictures: read, resized, and written."""

import itertools
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from keras_search.results import files
from keras_search.results.errors import Parameter
from keras_search.tuner.errors import InputError

_SEEN = 280  # pixels: about the longer side of the pictures that are written


def read(path: Path) -> Image.Image:
    """The picture in a PNG or JPEG file, upright, in mode `L` or `RGB`; transparent parts become paper.

    Raises:
        InputError: There is no such file, the picture is too large, or it is not PNG or JPEG.
    """
    if not path.is_file():
        raise InputError(f"{str(path)!r} is {'a folder' if path.is_dir() else 'not there'}: give a PNG or JPEG file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=("PNG", "JPEG")) as file:
                picture = ImageOps.exif_transpose(file)
                picture.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InputError(f"{str(path)!r} has more than {Image.MAX_IMAGE_PIXELS:,} pixels: make it smaller") from error
    except UnidentifiedImageError as error:
        raise InputError(f"{str(path)!r} is not a PNG or JPEG picture") from error
    except PermissionError:
        raise
    except Exception as error:  # a damaged file may make Pillow raise anything
        raise InputError(f"{str(path)!r} cannot be read ({error}): it is cut off or damaged") from error
    if picture.mode.startswith("I"):  # 16 bits per pixel, of which Pillow's own conversion keeps the lower 8
        return Image.fromarray((np.asarray(picture) // 257).astype("uint8"))
    if picture.has_transparency_data:
        picture = _on_paper(picture.convert("RGBA"))
    return picture.convert("L" if picture.mode in ("1", "L", "LA") else "RGB")


def resized(picture: Image.Image, shape: tuple[int, ...]) -> np.ndarray:
    """`picture` scaled to fit `shape`, (height, width, 1 or 3), as uint8; the rest has the colour of its border."""
    height, width, channels = shape
    picture = picture.convert("L" if channels == 1 else "RGB")
    pixels = np.asarray(picture).reshape(picture.height, picture.width, channels)
    colour = tuple(int(np.median(border(pixels[..., channel]))) for channel in range(channels))
    fitted = ImageOps.pad(picture, (width, height), Image.Resampling.LANCZOS, colour[0] if channels == 1 else colour)
    return np.asarray(fitted).reshape(shape)


def check_folder(folder: Path) -> None:
    """Raises InputError if `folder` cannot take pictures; it need not exist yet."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not existing.is_dir():
        raise InputError(Parameter("saw"), f" {str(folder)!r}: {str(existing)!r} is a file: give the name of a folder")


def save(images: Mapping[Path, np.ndarray], folder: Path) -> list[Path]:
    """Writes each image into `folder` as a PNG file with the name of the picture that it was made from.

    Images are enlarged by whole pixels, to make these visible. No file is replaced: a name that is taken gets a number.

    Args:
        images: Images of uint8, by the paths of their pictures.

    Returns:
        The paths of the files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for path, image in images.items():
        picture = Image.fromarray(image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image)
        times = max(1, round(_SEEN / max(picture.size)))
        target = _free_name(folder, path.stem)
        with files.replacing(target) as temporary:
            picture.resize((picture.width * times, picture.height * times), Image.Resampling.NEAREST).save(temporary)
        written.append(target)
    return written


def border(pixels: np.ndarray) -> np.ndarray:
    """The outermost pixels of an array (height, width), in one row."""
    return np.concatenate([pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1]])


def _on_paper(picture: Image.Image) -> Image.Image:
    """A picture with transparent parts, on white; on black if its opaque parts are light."""
    grey, opacity = (np.asarray(picture.convert("LA"), dtype=float)[..., band] for band in (0, 1))
    is_light = (grey * opacity).sum() > 127.5 * opacity.sum()
    paper = Image.new("RGBA", picture.size, "black" if is_light else "white")
    return Image.alpha_composite(paper, picture)


def _free_name(folder: Path, stem: str) -> Path:
    names = (f"{stem}{'' if number == 1 else f'-{number}'}.png" for number in itertools.count(1))
    return next(folder / name for name in names if not (folder / name).exists())
