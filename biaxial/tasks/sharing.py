"""Giving a model away: a folder, or a repository of the Hugging Face hub, with its config and its model card."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Self

from biaxial.files.atomic import atomic_write
from biaxial.music.constants import VERSION
from biaxial.tasks.hub_files import CARD, CONFIG, SCHEME, WEIGHTS, hub_api, words_for_errors
from biaxial.tokens.any_config import AnyConfig
from biaxial.tokens.config import SequenceConfig
from biaxial.weights import FORMAT, LICENCE_UNKNOWN, save_weights

_METRICS: Final = {
    "valid_nats_per_step": "Nats per sixteenth step, validation split",
    "valid_nats_per_note": "Nats per struck note, validation split",
    "valid_nats_given_melody": "Nats per step given the melody, validation split",
}
"""What the history of weights says of how good they are."""


class Shared:
    """What every model has: it comes from a folder or the hub, and goes there."""

    config: Any
    network: Any
    history: dict[str, Any]
    name: str

    @classmethod
    def from_pretrained(
        cls, source: str | Path, revision: str | None = None, device: str = "auto", threads: int | None = None
    ) -> Self:
        """Load a model from a folder that :meth:`save_pretrained` wrote, or from the hub.

        Parameters
        ----------
        source
            A folder, or ``"owner/name"`` on the hub.
        revision
            A branch, a tag or a commit on the hub; the main branch by default.
        device, threads
            As :func:`biaxial.load` takes them.

        Raises
        ------
        InputError
            If there is none, or it is a model of another kind.
        """
        from biaxial.tasks.loading import load, refuse_kind

        address = str(source).removeprefix(SCHEME)
        where = source if Path(source).is_dir() else f"{SCHEME}{address}" + (f"@{revision}" if revision else "")
        model = load(where, device, threads)
        if not isinstance(model, cls):
            raise refuse_kind(str(where), model)
        return model

    def save_pretrained(
        self, folder: str | Path, *, licence: str | None = None, datasets: Sequence[str] | None = None
    ) -> list[Path]:
        """Write the weights, their config and a model card into a folder, which is made where it is not there.

        Parameters
        ----------
        folder
            The folder. A card that is in it is kept, the other files are written over.
        licence
            Its identifier, such as ``"mit"``; that of the history by default.
        datasets
            What the model was trained on; what the history says by default.

        Returns
        -------
        The files of the model.

        Raises
        ------
        OSError
            If a file cannot be written.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        history = dict(self.history)
        if licence is not None:
            history["licence"] = licence
        save_weights(folder / WEIGHTS, self.network, history)
        document = {
            "library_name": "biaxial",
            "library_version": VERSION,
            "model_type": kind_of(self.config),
            "format": FORMAT,
            "config": asdict(self.config),
        }
        atomic_write(folder / CONFIG, (json.dumps(document, indent=2) + "\n").encode())
        if not (folder / CARD).exists():
            sources = [history["source"]] if datasets is None and "source" in history else list(datasets or ())
            atomic_write(folder / CARD, model_card(self.name, kind_of(self.config), history, sources).encode())
        return [folder / name for name in (WEIGHTS, CONFIG, CARD)]

    def push_to_hub(
        self,
        repository: str,
        *,
        licence: str | None = None,
        datasets: Sequence[str] | None = None,
        private: bool = False,
        message: str = "Upload a model of biaxial",
    ) -> str:
        """Put the model on the hub, for which ``hf auth login`` has to have been called.

        Parameters
        ----------
        repository
            ``"owner/name"``; it is made where it is not there.
        licence, datasets
            As :meth:`save_pretrained` takes them.
        private
            Whether a new repository is.
        message
            That of the commit.

        Returns
        -------
        The address of the commit.

        Raises
        ------
        InputError
            If huggingface_hub is not installed, or the hub refuses.
        """
        api = hub_api()
        with TemporaryDirectory() as folder, words_for_errors(f"{SCHEME}{repository}"):
            self.save_pretrained(folder, licence=licence, datasets=datasets)
            api.create_repo(repository, private=private, exist_ok=True)
            return str(api.upload_folder(repo_id=repository, folder_path=folder, commit_message=message).commit_url)


def kind_of(config: AnyConfig) -> str:
    """``"biaxial"``, ``"melody"`` or ``"chord"``."""
    return config.kind if isinstance(config, SequenceConfig) else "biaxial"


def model_card(name: str, kind: str, history: Mapping[str, Any], datasets: Sequence[str]) -> str:
    """The page of a model, with a head in YAML as the hub reads it.

    Parameters
    ----------
    name, kind
        What the model is called, and which it is.
    history
        How its weights came to be: its licence, and how likely it finds held-out music.
    datasets
        What it was trained on.
    """
    numbers = [
        {"type": key, "name": text, "value": round(float(history[key]), 4)}
        for key, text in _METRICS.items()
        if isinstance(history.get(key), int | float)
    ]
    corpus = str(history.get("corpus_sha256", "unknown"))
    result = {
        "task": {"type": "music-generation", "name": "Music generation"},
        "dataset": {"type": "symbolic-music", "name": ", ".join(datasets) or f"corpus {corpus[:12]}"},
        "metrics": numbers,
    }
    head: dict[str, Any] = {
        "license": str(history.get("licence", LICENCE_UNKNOWN)).lower(),
        "library_name": "biaxial",
        "tags": ["biaxial", "music", "symbolic-music", "polyphony", "lstm", kind],
        "datasets": list(datasets),
        "metrics": [number["type"] for number in numbers],
        "model-index": [{"name": name, "results": [result]}] if numbers else [],
    }
    yaml = "\n".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in head.items() if value)
    rows = "".join(f"| {number['name']} | {number['value']} |\n" for number in numbers)
    table = f"\n| measure | value |\n|---|---|\n{rows}" if rows else ""
    pieces = history.get("num_pieces", {})
    counted = f" Pieces: {', '.join(f'{split} {count}' for split, count in pieces.items())}." if pieces else ""
    return (
        f"---\n{yaml}\n---\n\n# {name}\n\n"
        f"A model of kind `{kind}` for [biaxial](https://pypi.org/project/biaxial/) {VERSION}. "
        f"The checksum of its corpus is `{corpus}`.{counted}\n\n"
        f'```python\nimport biaxial\n\nmodel = biaxial.load("hf://OWNER/NAME")\n```\n{table}'
    )
