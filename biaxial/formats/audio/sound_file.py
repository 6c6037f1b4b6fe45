"""Sound files and recordings -> mono at 16 kHz: WAV, FLAC, Ogg and MP3, in blocks, so that memory follows the length.

Whatever is decoded goes through soundfile (libsndfile), another rate through soxr. Both channels of a stereo file are
one voice: their mean.
"""

from __future__ import annotations

import io
import os
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from biaxial.music.errors import InputError

SUFFIXES: Final = (".wav", ".flac", ".ogg", ".mp3")
RATE: Final = 16_000
MAX_SECONDS: Final = 600
"""Longest sound that is read as a tune; a tune of many verses takes a third of it."""
_RATES: Final = (4_000, 384_000)
_MAX_CHANNELS: Final = 64
_BLOCK: Final = 1 << 18
_SILENT: Final = 1e-3
"""Peak below which there is nothing to hear: 60 dB below full scale."""


def library(name: str) -> Any:
    """A package of the extra ``audio``.

    Raises
    ------
    InputError
        If it is not installed, with the command that installs it.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError:
        wheel = name.replace("_", "-")
        raise InputError(f"reading sound needs {wheel}, not installed: pip install 'biaxial[audio]'") from None


def hears() -> bool:
    """Whether all packages of the extra ``audio`` are installed; none of them is loaded."""
    return all(find_spec(name) is not None for name in ("soxr", "swift_f0"))


def read_sound(source: str | os.PathLike[str] | bytes, name: str = "", rate: int = RATE) -> NDArray[np.float32]:
    """A sound as mono, its loudest moment at one half.

    Parameters
    ----------
    source
        A file, or the content of one.
    name
        What messages call it (default: its path).
    rate
        Frames a second of what is returned.

    Raises
    ------
    InputError
        If it is damaged, another kind of file, silent, empty or too long, or a package is not installed.
    OSError
        If it cannot be opened.
    """
    import soundfile

    soxr = library("soxr")
    name = name or ("the recording" if isinstance(source, bytes) else os.fspath(source))
    with io.BytesIO(source) if isinstance(source, bytes) else Path(source).open("rb") as file:
        try:
            with soundfile.SoundFile(file) as sound:
                own, channels = sound.samplerate, sound.channels
                if not _RATES[0] <= own <= _RATES[1] or channels > _MAX_CHANNELS:
                    raise InputError(
                        f"{name}: {channels} channels of {own} frames a second; give mono or stereo of 8000 to 192000"
                    )
                _check_length(sound.frames / own, name)
                resampler = soxr.ResampleStream(own, rate, 1, dtype="float32")
                parts, frames = [], 0
                while len(block := sound.read(_BLOCK // channels, dtype="float32", always_2d=True)):
                    frames += len(block)
                    _check_length(frames / own, name)
                    parts.append(resampler.resample_chunk(block.mean(axis=1)))
                parts.append(resampler.resample_chunk(np.zeros(0, np.float32), last=True))
        except soundfile.LibsndfileError as error:
            reason = str(getattr(error, "error_string", error)).rstrip(".").lower()
            raise InputError(
                f"{name}: cannot be read as sound ({reason}); give a whole WAV, FLAC, Ogg or MP3 file"
            ) from None
    mono = np.concatenate(parts)
    if not np.isfinite(mono).all():
        raise InputError(f"{name}: some of its numbers are not finite; export it again as WAV of 16 bits")
    mono -= mono.mean(dtype=np.float64) if len(mono) else 0
    peak = float(np.abs(mono).max(initial=0))
    if peak < _SILENT:
        raise InputError(f"{name}: it is silent; check the microphone, and record again")
    return np.asarray(mono * np.float32(0.5 / peak), np.float32)


def _check_length(seconds: float, name: str) -> None:
    if seconds > MAX_SECONDS:
        length = f"{seconds / 60:.0f} minutes" if seconds < 2**31 else "longer than it can be"
        raise InputError(f"{name}: {length} of sound, and a tune is read from at most {MAX_SECONDS // 60}; cut it")
