"""Arrays of an `.npz` file, mapped into memory where they lie in it uncompressed."""

import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

# Of a member's own header: its fixed part, and where in it the lengths of its name and of what follows are.
_HEADER_BYTES, _NAME_LENGTH, _EXTRA_LENGTH = 30, slice(26, 28), slice(28, 30)
_ENCRYPTED = 1
_AT_ONCE = 2**22
_VERSIONS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def mapped(path: Path, names: tuple[str, ...]) -> dict[str, np.memmap]:
    """Those of the named arrays of the file `path` that can be mapped: not compressed, in C order, not empty.

    The pages are copied when they are written to, so that the file never changes.

    Raises:
        zipfile.BadZipFile, ValueError: The file is damaged, or has a header that NumPy does not read.
    """
    arrays = {}
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        members = {member.filename: member for member in archive.infolist()}
        for name in names:
            member = members.get(f"{name}.npy")
            if member is None or member.compress_type != zipfile.ZIP_STORED or member.flag_bits & _ENCRYPTED:
                continue
            file.seek(member.header_offset)
            header = file.read(_HEADER_BYTES)
            lengths = (int.from_bytes(header[part], "little") for part in (_NAME_LENGTH, _EXTRA_LENGTH))
            begin = member.header_offset + _HEADER_BYTES + sum(lengths)
            file.seek(begin)
            read_header = _VERSIONS.get(np.lib.format.read_magic(file))
            if read_header is None:
                continue
            shape, is_fortran, kind = read_header(file)
            size = kind.itemsize * int(np.prod(shape, dtype=object))
            is_whole = 0 < size == begin + member.file_size - file.tell()
            if is_whole and not is_fortran and not kind.hasobject:
                _check(file, begin, member)
                arrays[name] = np.memmap(path, kind, "c", begin + member.file_size - size, shape)
    return arrays


def _check(file: BinaryIO, begin: int, member: zipfile.ZipInfo) -> None:
    """Raises BadZipFile if the content of `member` is damaged, which reading it by `zipfile` would find."""
    file.seek(begin)
    checksum, left = 0, member.file_size
    while left and (part := file.read(min(left, _AT_ONCE))):
        checksum, left = zlib.crc32(part, checksum), left - len(part)
    if checksum != member.CRC:
        raise zipfile.BadZipFile(f"Bad CRC-32 for file {member.filename!r}")
