"""The versions of installed packages, whichever distribution has brought them, without loading them."""

import sys
from collections.abc import Iterable
from importlib import metadata


def versions(packages: Iterable[str]) -> dict[str, str]:
    """The versions of those packages that are installed, named as distributions are: `keras-tuner`."""
    numbers = {package: version(package.replace("-", "_")) for package in packages}
    return {package: number for package, number in numbers.items() if number is not None}


def version(package: str) -> str | None:
    """The version of a package, named as it is imported; None if it is not installed.

    A distribution may have another name than its package: that of TensorFlow may be tensorflow-cpu, tf-nightly or a
    vendor's.
    """
    loaded = getattr(sys.modules.get(package), "__version__", None)
    if loaded is not None:
        return str(loaded)
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        distributions = metadata.packages_distributions().get(package)
        return metadata.version(distributions[0]) if distributions else None
