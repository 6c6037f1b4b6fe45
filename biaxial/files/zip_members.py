"""Members of zip files, unpacked within bounds.

Stored and deflated members are unpacked as they are read, so that a bound on what is read is one on memory and time.
Python unpacks bzip2 and LZMA a whole block at once, a kilobyte to a gigabyte; nothing that we read is packed so.
"""

from __future__ import annotations

import zipfile
from typing import IO, Final

MAX_MEMBERS: Final = 10_000
"""Most members of a file; a score has three, what the judge knows of the chorales a few hundred."""
_NAMES: Final = {zipfile.ZIP_BZIP2: "bzip2", zipfile.ZIP_LZMA: "lzma"}
_DIRECTORY_ENTRY: Final = b"PK\x01\x02"


def check_members(data: bytes) -> None:
    """Refuse a file in memory that has too many members, before a list is made of them.

    Raises
    ------
    ValueError
        If it has more; the message does not say which file.
    """
    if data.count(_DIRECTORY_ENTRY) > MAX_MEMBERS:
        raise ValueError(f"it packs more than {MAX_MEMBERS} files")


def open_member(packed: zipfile.ZipFile, member: zipfile.ZipInfo) -> IO[bytes]:
    """A member to read from; as many bytes are unpacked as are asked for.

    Raises
    ------
    ValueError
        If it is packed in another way; the message does not say which file.
    """
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        way = _NAMES.get(member.compress_type, f"method {member.compress_type}")
        raise ValueError(f"it is packed by {way}, which is not read; pack it anew (deflate)")
    return packed.open(member)


def read_member(packed: zipfile.ZipFile, member: zipfile.ZipInfo, most_bytes: int) -> bytes:
    """The content of a member.

    Raises
    ------
    ValueError
        If it is larger, or packed in a way that is not read; the message does not say which file.
    """
    with open_member(packed, member) as stream:
        data = stream.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise ValueError(f"what it packs is larger than {most_bytes / (1 << 20):g} MiB")
    return data
