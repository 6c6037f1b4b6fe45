"""Files into documents: music of any kind that the package reads, ABC text, and the studio's own project files.

The bytes come from a page, and nothing in them is believed: of the name the ending alone is used, and what is read is
read under the limits of every reader. A tune is the highest voice unless it lies lower; what has four parts keeps them.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, Final

from biaxial.formats.melody_file import skyline
from biaxial.formats.read import READERS, is_sound, read_music
from biaxial.music.constants import NUM_VOICES
from biaxial.music.errors import InputError
from biaxial.music.keys import key_of
from biaxial.music.parts import assign_voices
from biaxial.music.score import Score
from biaxial.studio.documents import check_document, document_of
from biaxial.studio.json_messages import MessageError, from_json, to_json
from biaxial.studio.messages import Document, Opened
from biaxial.tasks.plans.voice_choice import voice_by_range

FORMAT: Final = "biaxial-studio"
VERSION: Final = 1
MAX_NAME: Final = 60
NEWER: Final = "this project file is of a newer version of the studio; open it there"


def opened(data: bytes, name: str) -> Opened:
    """A file as a document, its notes locked; a project file as it was saved.

    Parameters
    ----------
    data
        What is in it.
    name
        What it is called.

    Raises
    ------
    InputError
        If it cannot be read; one line.
    """
    shown = shown_name(name)
    suffix = PurePosixPath(shown).suffix.lower()
    if suffix not in READERS:
        raise InputError(f"{shown}: this kind of file cannot be opened; give one that ends in {', '.join(READERS)}")
    if is_sound(Path(shown)):
        raise InputError(f"{shown}: a sound, which is kept in no file; send it to /api/listen")
    if not data.strip():
        raise InputError(f"{shown}: the file is empty; choose another one")
    if suffix == ".json" and (project := _project(data)) is not None:
        try:
            return Opened(project_document(project))
        except MessageError as error:
            raise InputError(f"{shown}: {error}") from None
    with tempfile.TemporaryDirectory(prefix="biaxial-") as folder:
        path = Path(folder) / f"music{suffix}"
        path.write_bytes(data)
        try:
            music = read_music(path, "expand")
            score, remarks = music.score, music.remarks
        except OSError as error:
            raise InputError(f"{shown}: it cannot be read ({error.strerror or error})") from None
        except ValueError as error:
            raise InputError(str(error).replace(str(path), shown).replace(folder, "")) from None
    try:
        score, said = in_voices(score)
        document, more = document_of(score, "you", "y")
        check_document(document)
    except ValueError as error:
        raise InputError(f"{shown}: {error}") from None
    return Opened(document, (*remarks, *said, *more))


def shown_name(name: str) -> str:
    """A file's name as messages show it: no folders, nothing that is not printed, not long."""
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = "".join(letter for letter in last if letter.isprintable()).strip() or "file"
    return plain if len(plain) <= MAX_NAME else f"{plain[: MAX_NAME // 2]}…{plain[-MAX_NAME // 2 + 1 :]}"


def project_bytes(document: Document) -> bytes:
    """A document as a project file, which :func:`opened` gives back as it was."""
    content = {"format": FORMAT, "version": VERSION, "document": to_json(document)}
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def project_document(project: dict[str, Any]) -> Document:
    """The document of a project file.

    Raises
    ------
    MessageError
        If it is of a newer version, or not a piece.
    """
    if project.get("version") != VERSION:
        raise MessageError("", NEWER)
    document = from_json(Document, project.get("document"), "document")
    check_document(document)
    return document


def _project(data: bytes) -> dict[str, Any] | None:
    """What a project file holds; ``None`` for any other file."""
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) and content.get("format") == FORMAT else None


def in_voices(score: Score) -> tuple[Score, tuple[str, ...]]:
    """Music with a voice for every note, and its key, with remarks on how it got them."""
    said = []
    if not score.notes:
        raise InputError("there are no notes in it; choose another one")
    if all(note.voice is None for note in score.notes):
        line, left_out, cut = skyline(score.notes)
        if not left_out and not cut:
            voice, remark = voice_by_range(score.notes)
            said.append(remark.partition(";")[0])
            score = replace(score, notes=tuple(replace(note, voice=voice) for note in score.notes))
        else:
            try:
                score = assign_voices(score)
                said.append("the file does not say which notes are which voice; they were given by least movement")
            except ValueError:
                score = replace(score, notes=tuple(replace(note, voice=0) for note in line))
                said.append(f"took the highest of several notes at once: {left_out} left out, {cut} cut short")
    elif any(note.voice is None or note.voice >= NUM_VOICES for note in score.notes):
        kept = tuple(note for note in score.notes if note.voice is not None and note.voice < NUM_VOICES)
        said.append(f"{len(score.notes) - len(kept)} notes of further voices were left out")
        score = replace(score, notes=kept)
    if score.key is None and (key := key_of(score)) is not None:
        score = replace(score, key=key)
        said.append(f"taken to be in {key.name}; choose another key if it is not")
    return score, tuple(filter(None, said))
