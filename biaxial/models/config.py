"""What a network is: its inputs, sizes and regularisation, and the presets that have names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final

from biaxial.features.config import FeatureConfig
from biaxial.music.style import check_style_names

MAX_UNITS: Final = 4096
"""Most units of a layer; the published networks have up to 512."""
MAX_LAYERS: Final = 16


@dataclass(frozen=True)
class ModelConfig(FeatureConfig):
    """The config of a :class:`~biaxial.models.biaxial.BiaxialLSTM`.

    Parameters
    ----------
    time_hidden
        Sizes of the LSTM layers over time.
    note_hidden
        Sizes of the LSTM layers over notes.
    context_hidden
        Units of the context encoder in each direction of time; 0 for a network without one.
    dropout
        Share of units dropped from the output of every LSTM layer, one mask for a whole sequence.
    head_sees_inputs
        Whether the last layer also reads the time axis's output and the inputs of the note axis.
    styles
        Names of the styles that the network can be asked for; to train: that of CORPUS and of a corpus mixed in, or
        ``folders`` for the names of the folders in it, or a table FILE.csv with columns file and style.
    style_hidden
        Numbers that stand for a style, with styles.
    dynamics
        Whether it says how loud each struck note is, a level of eight, when the notes are there (three states).
    """

    searched: ClassVar[tuple[str, ...]] = ("time_hidden", "note_hidden", "context_hidden", "dropout")
    """Fields that a search of settings tries (:mod:`biaxial.training.search_space`)."""

    time_hidden: tuple[int, ...] = (192, 192)
    note_hidden: tuple[int, ...] = (96, 64)
    context_hidden: int = 0
    dropout: float = 0.4
    head_sees_inputs: bool = True
    styles: tuple[str, ...] = ()
    style_hidden: int = 16
    dynamics: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.time_hidden or not self.note_hidden or min(*self.time_hidden, *self.note_hidden) < 1:
            raise ValueError("each axis needs at least one layer, and each layer at least one unit")
        if max(len(self.time_hidden), len(self.note_hidden)) > MAX_LAYERS:
            raise ValueError(f"each axis has at most {MAX_LAYERS} layers")
        if (widest := max(*self.time_hidden, *self.note_hidden)) > MAX_UNITS:
            raise ValueError(f"a layer has at most {MAX_UNITS} units, not {widest}")
        if not 0 <= self.context_hidden <= MAX_UNITS:
            raise ValueError(f"context_hidden is 0 to {MAX_UNITS}, not {self.context_hidden}")
        if self.dynamics and self.num_states != 3:
            raise ValueError("dynamics need three states of a cell: with two nobody knows which notes are struck")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is a share from 0 up to but not including 1, not {self.dropout}")
        check_style_names(self.styles)
        if not 1 <= self.style_hidden <= MAX_UNITS:
            raise ValueError(f"style_hidden is 1 to {MAX_UNITS}, not {self.style_hidden}")


_FRAMES = ModelConfig(num_states=2, metre="none", form=False, clock=True, echo=True, next_voice=True)
"""Music as bare frames: no input that needs to know the bars or the whole piece."""

PRESETS: Final[dict[str, ModelConfig]] = {
    "chorale": ModelConfig(
        order="low-to-high",
        next_voice=True,
        clock=True,
        plan=True,
        beat=True,
        dissonance=True,
        echo=True,
        context_hidden=96,
    ),
    "hexahedria": ModelConfig(
        low_pitch=24,
        num_notes=78,
        num_voices=0,
        order="low-to-high",
        voice_neighbourhood=False,
        key=False,
        metre="bits",
        form=False,
        running_chord=False,
        voice_intervals=False,
        parallels=False,
        time_hidden=(300, 300),
        note_hidden=(100, 50),
        dropout=0.5,
        head_sees_inputs=False,
    ),
    "jsb-quarter": replace(
        _FRAMES,
        low_pitch=21,
        num_notes=88,
        num_voices=0,
        steps_per_quarter=1,
        order="both",
        voice_neighbourhood=False,
        ranks=4,
    ),
    "jsb-16th": replace(_FRAMES, key=False, order="both", dropout=0.5),
    "piano": ModelConfig(
        low_pitch=21,
        num_notes=88,
        num_voices=0,
        steps_per_quarter=12,
        voice_neighbourhood=False,
        voice_intervals=False,
        parallels=False,
        time_hidden=(128, 128),
        note_hidden=(64, 48),
        dropout=0.1,
    ),
    "deepj": ModelConfig(
        low_pitch=36,
        num_notes=63,
        num_voices=0,
        order="low-to-high",
        voice_neighbourhood=False,
        ranks=4,
        next_voice=True,
        clock=True,
        beat=True,
        echo=True,
        time_hidden=(160, 160),
        note_hidden=(80, 56),
        dropout=0.2,
        style_hidden=32,
        dynamics=True,
    ),
    "tiny": ModelConfig(time_hidden=(24,), note_hidden=(16,), context_hidden=8, dropout=0.0),
}
"""Named configs: ``chorale`` is the default, ``hexahedria`` the published network, ``jsb-quarter`` and ``jsb-16th`` are
for the benchmarks, ``piano`` is for any polyphony (docs/piano.md), ``deepj`` for string quartets with
styles and dynamics (docs/model-card-quartets.md), ``tiny`` is for tests."""
