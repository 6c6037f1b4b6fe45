"""What a token LSTM is: kind of string, sizes, and the vocabulary that was learnt from its corpus; the presets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, Literal

TokenKind = Literal["melody", "chord"]
KINDS: Final[tuple[TokenKind, ...]] = ("melody", "chord")
MAX_WORDS: Final = 20_000
"""Most chords of a vocabulary."""
MAX_UNITS: Final = 4096
"""Most units of a layer, or numbers of an embedding."""
MAX_LAYERS: Final = 16
MAX_LENGTH: Final = 16**5 - 1
"""Longest length, in steps, that can be written."""


@dataclass(frozen=True)
class SequenceSizes:
    """Sizes and inputs of a token LSTM.

    Parameters
    ----------
    steps_per_quarter
        Steps of the time grid in a quarter note.
    home_key
        Whether music is moved to C major and A minor before it is read, and back to any key when it is written.
    phrases
        Whether phrase ends are tokens of a ``melody`` model, if the training pieces state any.
    last_pitch
        Whether the pitch that began last is an input of a ``melody`` model, which else has to keep it in mind over all
        tokens since.
    metre
        Whether the step within the bar and the length of the bar are inputs.
    embedding
        Numbers that stand for a token.
    hidden
        Sizes of the LSTM layers.
    dropout
        Share of units dropped from the inputs and from the output of every layer, one mask for a whole sequence.
    most_chords
        Most chords in the vocabulary of a ``chord`` model.
    least_count
        How often a chord or a length has to occur in the training pieces to be a word of the vocabulary.
    """

    searched: ClassVar[tuple[str, ...]] = ("embedding", "hidden", "dropout")
    """Fields that a search of settings tries other values of."""

    steps_per_quarter: int = 4
    home_key: bool = True
    phrases: bool = False
    last_pitch: bool = False
    metre: bool = True
    embedding: int = 64
    hidden: tuple[int, ...] = (256, 256)
    dropout: float = 0.3
    most_chords: int = 1000
    least_count: int = 4

    def __post_init__(self) -> None:
        if not self.hidden or min(self.hidden) < 1 or self.embedding < 1:
            raise ValueError("a token LSTM needs an embedding and at least one layer, each of at least one unit")
        if max(*self.hidden, self.embedding) > MAX_UNITS or len(self.hidden) > MAX_LAYERS:
            raise ValueError(f"a token LSTM has at most {MAX_LAYERS} layers, and {MAX_UNITS} units in each")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is a share from 0 up to but not including 1, not {self.dropout}")
        if not 0 <= self.most_chords <= MAX_WORDS:
            raise ValueError(f"most_chords is 0 to {MAX_WORDS}, not {self.most_chords}")
        if self.least_count < 1:
            raise ValueError(f"least_count is at least 1, not {self.least_count}")


@dataclass(frozen=True)
class SequenceConfig(SequenceSizes):
    """The config of a :class:`~biaxial.tokens.network.SequenceLSTM`.

    Parameters
    ----------
    kind
        ``"melody"``: a line, a token a step. ``"chord"``: notes and chords with their lengths, and waits.
    chords
        Vocabulary of a ``chord`` model: ascending MIDI pitches of each chord, in the home key.
    lengths
        Its lengths in steps, ascending.
    """

    kind: TokenKind = "melody"
    chords: tuple[tuple[int, ...], ...] = ()
    lengths: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kind not in KINDS:
            raise ValueError(f"the kind of a token LSTM is one of {', '.join(KINDS)}, not {self.kind!r}")
        if len(self.chords) > MAX_WORDS:
            raise ValueError(f"at most {MAX_WORDS} chords make a vocabulary, not {len(self.chords)}")
        for chord in self.chords:
            if not chord or list(chord) != sorted(set(chord)) or chord[0] < 0 or chord[-1] > 127:
                raise ValueError(f"{chord} is not a chord; give ascending MIDI pitches")
        if len(set(self.chords)) != len(self.chords):
            raise ValueError("a chord stands twice in the vocabulary")
        if list(self.lengths) != sorted(set(self.lengths)) or any(not 1 <= n <= MAX_LENGTH for n in self.lengths):
            raise ValueError(f"lengths ascend from 1 to at most {MAX_LENGTH} steps")


SEQUENCE_PRESETS: Final[dict[str, SequenceConfig]] = {
    "melody": SequenceConfig(
        kind="melody", phrases=True, last_pitch=True, embedding=64, hidden=(256, 256), dropout=0.3
    ),
    "chord": SequenceConfig(kind="chord", embedding=128, hidden=(128, 128), dropout=0.15),
    "chord-large": SequenceConfig(kind="chord", embedding=128, hidden=(512, 512, 512), dropout=0.3),
}
"""``melody`` and ``chord`` are the defaults of their kinds; ``chord-large`` has the sizes of the widely copied Keras
composer."""
