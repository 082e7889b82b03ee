"""Pictures as people have them: read, resized, and written."""

import itertools
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from keras_search.results import files
from keras_search.results.errors import Parameter
from keras_search.tuner.errors import InputError

_SEEN = 280  # pixels: about the longer side of what is written


def read(path: Path) -> Image.Image:
    """The picture in a PNG or JPEG file, upright, in `L` or `RGB`; transparent parts become paper for the ink on them.

    Raises:
        InputError: There is no such file, it is too large, or it is not such a picture.
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
    if picture.mode.startswith("I"):  # 16 bits, of which Pillow's own conversion would keep the lower ones
        return Image.fromarray((np.asarray(picture) // 257).astype("uint8"))
    if picture.has_transparency_data:
        picture = _on_paper(picture.convert("RGBA"))
    return picture.convert("L" if picture.mode in ("1", "L", "LA") else "RGB")


def resized(picture: Image.Image, shape: tuple[int, ...]) -> np.ndarray:
    """The whole of `picture` as uint8 of `shape`, (height, width, 1 or 3); what is left over is like its border."""
    height, width, channels = shape
    picture = picture.convert("L" if channels == 1 else "RGB")
    pixels = np.asarray(picture).reshape(picture.height, picture.width, channels)
    colour = tuple(int(np.median(border(pixels[..., channel]))) for channel in range(channels))
    fitted = ImageOps.pad(picture, (width, height), Image.Resampling.LANCZOS, colour[0] if channels == 1 else colour)
    return np.asarray(fitted).reshape(shape)


def check_folder(folder: Path) -> None:
    """Raises InputError if no pictures can be written into `folder`, which need not be there yet."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise InputError(Parameter("saw"), f" {str(folder)!r}: {str(there)!r} is a file: give the name of a folder")


def save(images: Mapping[Path, np.ndarray], folder: Path) -> list[Path]:
    """Writes each image, uint8, into `folder` as a PNG file called like the picture that it was made of.

    It is enlarged by whole pixels, so that these can be seen. No file is replaced: a name that is taken gets a number.

    Args:
        images: By the files of the pictures.
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
    """The outermost pixels of (height, width), in one row."""
    return np.concatenate([pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1]])


def _on_paper(picture: Image.Image) -> Image.Image:
    """A picture with transparent parts on white, or on black where what is opaque is light."""
    grey, opacity = (np.asarray(picture.convert("LA"), dtype=float)[..., band] for band in (0, 1))
    is_light = (grey * opacity).sum() > 127.5 * opacity.sum()
    paper = Image.new("RGBA", picture.size, "black" if is_light else "white")
    return Image.alpha_composite(paper, picture)


def _free_name(folder: Path, stem: str) -> Path:
    names = (f"{stem}{'' if number == 1 else f'-{number}'}.png" for number in itertools.count(1))
    return next(folder / name for name in names if not (folder / name).exists())
