"""Which style the pieces of a training run have: by their corpus, by folder, or by a table.

``bach,hymn`` names the style of the corpus and of the one that is mixed in, ``folders`` takes the names of the folders
right below a corpus (of those below ``train``, ``valid`` and ``test``, where there are these), and ``table.csv`` has a
row for each file: columns ``file``, its path below the corpus, and ``style``. A piece that none of this names has no
style.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

from biaxial.corpora.corpus import Corpus
from biaxial.corpora.splits import MIDI_SUFFIXES, SPLITS
from biaxial.files.limits import read_within
from biaxial.models.config import ModelConfig
from biaxial.music.errors import InputError
from biaxial.music.style import check_style_names

FOLDERS: Final = "folders"
TABLE_SUFFIX: Final = ".csv"
_MAX_TABLE_BYTES = 1 << 26


def is_table(source: str) -> bool:
    """Whether styles come from a table."""
    return source.lower().endswith(TABLE_SUFFIX)


def styled(corpora: Sequence[Corpus], source: str) -> list[Corpus]:
    """Corpora whose pieces know their style.

    Parameters
    ----------
    corpora
        The corpus, and the one that is mixed in if there is one.
    source
        ``"folders"``, the path of a table, or a name for each corpus with commas between; empty for no styles.

    Raises
    ------
    InputError
        If there are more or fewer names than corpora, the table cannot be read, or no piece has a style.
    """
    if not source:
        return list(corpora)
    of_piece: list[Callable[[str], str | None]]
    if source == FOLDERS:
        of_piece = [_folder] * len(corpora)
    elif is_table(source):
        of_piece = [_table(Path(source)).get] * len(corpora)
    else:
        names = source.split(",")
        if len(names) != len(corpora):
            wanted = "one, of CORPUS" if len(corpora) == 1 else "two, of CORPUS and of the one that --mix mixes in"
            raise InputError(f"--styles {source} has {len(names)} names; give {wanted}")
        of_piece = [lambda _, name=name: name for name in names]  # type: ignore[misc]
    found = [
        replace(corpus, pieces=tuple(replace(piece, style=style(piece.name)) for piece in corpus.pieces))
        for corpus, style in zip(corpora, of_piece, strict=True)
    ]
    if all(piece.style is None for corpus in found for piece in corpus.pieces):
        where = "no piece lies in a folder below the corpus" if source == FOLDERS else "it names no file of the corpus"
        raise InputError(f"--styles {source}: {where}, so that none has a style")
    return found


def with_styles(config: ModelConfig, corpora: Sequence[Corpus], source: str) -> ModelConfig:
    """A config that knows the styles of corpora, after those that it knows already.

    Parameters
    ----------
    config
        The config.
    corpora, source
        What :func:`styled` returned, and was given: the order of names that are listed there stays.

    Raises
    ------
    InputError
        If a name cannot be that of a style.
    """
    found = {piece.style for corpus in corpora for piece in corpus.pieces if piece.style is not None}
    listed = [name for name in source.split(",") if name in found]
    names = tuple(dict.fromkeys((*config.styles, *listed, *sorted(found))))
    try:
        check_style_names(names)
    except ValueError as error:
        raise InputError(f"--styles {source}: {error}") from error
    return replace(config, styles=names)


def _folder(name: str) -> str | None:
    return next((part for part in name.split("/")[:-1] if part not in SPLITS), None)


def _table(path: Path) -> dict[str, str]:
    """The style of each piece that a table names."""
    try:
        rows = list(csv.DictReader(read_within(path, _MAX_TABLE_BYTES).decode("utf-8-sig").splitlines()))
        styles = {_name(row["file"]): row["style"].strip() for row in rows}
    except (OSError, ValueError, KeyError, AttributeError, csv.Error) as error:
        raise InputError(f"{path}: not a table of styles ({error}); give rows under a head file,style") from error
    return {name: style for name, style in styles.items() if style}


def _name(file: str) -> str:
    """The name of the piece that a file holds."""
    path = PurePosixPath(file.strip())
    return (path.with_suffix("") if path.suffix.lower() in MIDI_SUFFIXES else path).as_posix()
