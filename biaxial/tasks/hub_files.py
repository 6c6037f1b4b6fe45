"""Weights on the Hugging Face hub, or in a folder of the same layout: ``config.json`` beside ``model.safetensors``.

An address is ``hf://owner/name``, or ``hf://owner/name@revision`` with a branch, a tag or a commit. Of a repository
nothing is fetched but these two files, and these only when the address is loaded; where the hub cannot be reached, what
was fetched before serves. Pickles are refused wherever they come from.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from biaxial.files.weights_file import MAX_HEADER_BYTES, MAX_WEIGHTS_BYTES, config_in_header, weights_path
from biaxial.music.constants import VERSION
from biaxial.music.errors import InputError

WEIGHTS: Final = "model.safetensors"
CONFIG: Final = "config.json"
CARD: Final = "README.md"
SCHEME: Final = "hf://"

_ADDRESS: Final = re.compile(r"hf://([\w.-]+/[\w.-]+)(?:@([\w./-]+))?")
_PICKLES: Final = (".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth")
_MOST_BYTES: Final = {WEIGHTS: MAX_WEIGHTS_BYTES, CONFIG: MAX_HEADER_BYTES}


def located(checkpoint: str | Path) -> tuple[Path, str]:
    """Where weights lie, and what they are called.

    Parameters
    ----------
    checkpoint
        An address on the hub, a folder, a file, or the name of shipped weights.

    Raises
    ------
    InputError
        If there are none, they cannot be fetched, they are a pickle, or ``config.json`` is that of another network.
    """
    if isinstance(checkpoint, str) and checkpoint.startswith(SCHEME):
        folder = _fetched(checkpoint)
        name = checkpoint.removeprefix(SCHEME)
    elif Path(checkpoint).is_dir():
        folder = Path(checkpoint)
        name = folder.resolve().name
        _check_names(str(folder), {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()})
    else:
        path = weights_path(checkpoint)
        if path.suffix.lower() in _PICKLES:
            raise InputError(f"{path}: a pickle can run any program and is not loaded; give a .safetensors file")
        return path, path.stem
    _check_config(folder)
    return folder / WEIGHTS, name


def _fetched(address: str) -> Path:
    """The folder in the hub's cache with the two files of an address."""
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise InputError(f"{address!r} is not an address on the hub; write hf://owner/name or hf://owner/name@revision")
    repository, revision = match.groups()
    api = hub_api()
    with words_for_errors(address):
        from httpx import TransportError
        from huggingface_hub.errors import OfflineModeIsEnabled

        try:
            info = api.model_info(repository, revision=revision, files_metadata=True)
        except (TransportError, OfflineModeIsEnabled):
            if (cached := _fetched_before(repository, revision)) is None:
                raise
            return cached
        _check_names(address, {file.rfilename: file.size or 0 for file in info.siblings or ()})
        for name in _MOST_BYTES:
            path = Path(api.hf_hub_download(repository, name, revision=revision))
        return path.parent


def _fetched_before(repository: str, revision: str | None) -> Path | None:
    """The folder in the hub's cache, if both files are in it."""
    from huggingface_hub import try_to_load_from_cache

    cached = [try_to_load_from_cache(repository, name, revision=revision) for name in _MOST_BYTES]
    return Path(str(cached[0])).parent if all(isinstance(path, str) for path in cached) else None


def _check_names(where: str, sizes: Mapping[str, int]) -> None:
    """Refuse a folder or a repository by the names and sizes of its files."""
    if WEIGHTS not in sizes:
        pickles = sorted(name for name in sizes if name.lower().endswith(_PICKLES))
        if pickles:
            why = "which can run any program and is not loaded"
            raise InputError(f"{where}: its weights are a pickle, {pickles[0]}, {why}")
        raise InputError(f"{where}: there is no {WEIGHTS} in it; save_pretrained writes one")
    if CONFIG not in sizes:
        raise InputError(f"{where}: there is no {CONFIG} in it; save_pretrained writes one")
    for name, most in _MOST_BYTES.items():
        if sizes[name] > most:
            raise InputError(f"{where}: {name} has {sizes[name]} bytes, and at most {most} are read")


def _check_config(folder: Path) -> None:
    """Refuse a config that is not that of the weights beside it."""
    try:
        stated = json.loads((folder / CONFIG).read_text(encoding="utf-8"))["config"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{folder / CONFIG}: not the config of a model; save_pretrained writes one") from error
    if stated != config_in_header(folder / WEIGHTS):
        raise InputError(f"{folder / CONFIG}: the config of another network than that of {WEIGHTS} beside it")


def hub_api() -> Any:
    """The hub's client, at the address in ``HF_ENDPOINT`` where that is set.

    Raises
    ------
    InputError
        If huggingface_hub is not installed.
    """
    try:
        from huggingface_hub import HfApi
    except ImportError:
        raise InputError("the hub needs huggingface_hub, which is not installed: pip install huggingface_hub") from None
    return HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None, library_name="biaxial", library_version=VERSION)


@contextmanager
def words_for_errors(address: str) -> Iterator[None]:
    """Let what goes wrong with the hub be one line that names the address."""
    import httpx
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError as error:
        raise InputError(f"{address}: its owner lets only some accounts in; log in with: hf auth login") from error
    except errors.RevisionNotFoundError as error:
        raise InputError(f"{address}: there is no such revision of it") from error
    except errors.RepositoryNotFoundError as error:
        raise InputError(
            f"{address}: there is no such repository, or it is private; check the name, or hf auth login"
        ) from error
    except (httpx.HTTPError, errors.OfflineModeIsEnabled, errors.HFValidationError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
        raise InputError(f"{address}: the hub gave no answer that can be used ({reason}); try again later") from error
