"""From a file of weights to the model that it holds."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, overload

from biaxial.files.weights_file import DEFAULT, other_kind
from biaxial.models.config import ModelConfig
from biaxial.music.errors import InputError
from biaxial.tasks.hub_files import located
from biaxial.tasks.model import Model
from biaxial.tasks.token_model import TokenModel
from biaxial.weights import read_weights

BiaxialName = Literal["chorales-v3", "chorales-v2", "quartets-v1"]
TokenName = Literal["hymn-tunes-v1", "chords-v1"]


@overload
def load(checkpoint: BiaxialName | None = None, device: str = "auto", threads: int | None = None) -> Model: ...


@overload
def load(checkpoint: TokenName, device: str = "auto", threads: int | None = None) -> TokenModel: ...


@overload
def load(checkpoint: str | Path, device: str = "auto", threads: int | None = None) -> Model | TokenModel: ...


def load(checkpoint: str | Path | None = None, device: str = "auto", threads: int | None = None) -> Model | TokenModel:
    """Load a model of the kind that the header of its file says.

    Parameters
    ----------
    checkpoint
        A ``.safetensors`` file made by ``biaxial-train``; a folder that ``save_pretrained`` wrote; an address on the
        Hugging Face hub, ``"hf://owner/name"`` or ``"hf://owner/name@revision"``, which is fetched; or the name of
        shipped weights: ``"chorales-v3"``, which are the default, ``"chorales-v2"``, which were before,
        ``"quartets-v1"``, ``"hymn-tunes-v1"`` or ``"chords-v1"``.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` ... Scoring runs there; so does drawing with a biaxial model on CUDA, if many
        pieces or particles are drawn together. Few are drawn faster by the CPU.
    threads
        Threads that share pieces, or particles of a piece, which a biaxial model draws together; by default as many as
        there are processors. A single one is drawn by one.

    Raises
    ------
    InputError
        If the file or the device cannot be used.
    """
    path, name = located(DEFAULT if checkpoint is None else checkpoint)
    arrays, history = read_weights(path)
    if isinstance(arrays.config, ModelConfig):
        model: Model | TokenModel = Model(arrays, history, name, threads, device)
    else:
        model = TokenModel(arrays, history, name, device)
    if device not in ("auto", "cpu"):
        model.network  # noqa: B018  (a device that cannot be used fails here)
    return model


def load_model(checkpoint: str | Path | None = None, device: str = "auto", threads: int | None = None) -> Model:
    """Load a biaxial model, as :func:`load`.

    Raises
    ------
    InputError
        As there, and if the file holds a model of another kind.
    """
    model = load(checkpoint or DEFAULT, device, threads)
    if not isinstance(model, Model):
        raise refuse_kind(str(checkpoint), model)
    return model


def refuse_kind(where: str, model: Model | TokenModel) -> InputError:
    """What to say of a model that is not of the kind that was asked for."""
    return other_kind(where, "biaxial" if isinstance(model, Model) else model.config.kind)


def load_token_model(checkpoint: str | Path, device: str = "auto") -> TokenModel:
    """Load a ``melody`` or ``chord`` model, as :func:`load`.

    Raises
    ------
    InputError
        As there, and if the file holds a biaxial model.
    """
    model = load(checkpoint, device)
    if not isinstance(model, TokenModel):
        raise refuse_kind(str(checkpoint), model)
    return model
