"""Voice leading as soft constraints: what a textbook advises against costs an outcome some nats before it is drawn.

Bach does now and then what the rules forbid, so nothing is forbidden, and ``scripts/make/fit_voice_leading.py``
measures which weights bring his rates. The definitions are those of the detectors
(:mod:`biaxial.metrics.writing.voice_leading`), read from the frame before to this one; a step in which no voice moves
or strikes costs nothing, and a voice that rested in the frame before has no motion.

An event of two voices is charged once, to the outcome that decides it: that of the voice drawn later, and for a
crossing that of the voice drawn earlier, since from the top down a voice that is placed before a higher one leaves that
one no other place than below it. (Should the higher one rest in the end, the charge was too much.) Known voices count
from the start of the walk, wherever they stand; among themselves they cost nothing, since there is nothing to decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from biaxial.features.config import FeatureConfig
from biaxial.sampling.constraints import RuleOnDevices
from biaxial.sampling.voice_leading_weights import VoiceLeading

if TYPE_CHECKING:
    import torch

    from biaxial.sampling.rule_tensors import VoiceLeadingTensors

USUAL_RANGES = ((62, 78), (57, 72), (52, 67), (40, 60))
"""Pitches of each voice, S A T B, from the 1st to the 99th percentile of its struck notes (the lowest pitch that so
many do not exceed), over the 364 chorales that ``biaxial-chorales`` writes, whole, in their own keys."""

# As in biaxial.metrics.writing.voice_leading, which stands above this room; a test counts the same events with both.
FIFTH: Final = 7
OCTAVE: Final = 12
SEVENTHS: Final = (10, 11)
"""Intervals in semitones."""
_MAX_SPACING = (12, 12)


class VoiceLeadingRule(RuleOnDevices):
    """Rule: events of voice leading cost their weights.

    The rule is that of the config's first walk; :meth:`turned` gives that of a walk in the other direction.

    Parameters
    ----------
    config
        Note range, voices, and direction of the walk.
    weights
        What is charged.
    ranges
        Lowest and highest pitch of each voice, for ``weights.range``. By default :data:`USUAL_RANGES` in a corpus of
        four voices; in others no note is outside.

    Attributes
    ----------
    outside
        Whether a note is outside the usual range of a voice, shape ``(v, n)``, notes from low to high.
    widest
        Widest distance of two voices, shape ``(v, v)``; of those that may be anywhere the whole note range.

    Raises
    ------
    ValueError
        If the corpus has no voices, or there are not as many ranges as voices.
    """

    def __init__(
        self,
        config: FeatureConfig,
        weights: VoiceLeading | None = None,
        ranges: Sequence[tuple[int, int]] | None = None,
    ) -> None:
        super().__init__()
        voices = config.num_voices
        if not voices:
            raise ValueError("voice leading needs a corpus with voices, and this one has none")
        if ranges is None:
            ranges = USUAL_RANGES if voices == len(USUAL_RANGES) else ((0, 127),) * voices
        if len(ranges) != voices:
            raise ValueError(f"{len(ranges)} ranges given for {voices} voices")
        self.config, self.weights, self.ranges = config, weights or VoiceLeading(), tuple(ranges)
        self.down = config.walks_down
        self._other: VoiceLeadingRule | None = None
        n = config.num_notes
        pitches = np.arange(n) + config.low_pitch
        low, high = np.array(self.ranges).T[:, :, None]
        self.outside = (pitches < low) | (pitches > high)
        self.widest = np.full((voices, voices), n)
        for upper, limit in enumerate(_MAX_SPACING[: voices - 1]):
            self.widest[upper, upper + 1] = self.widest[upper + 1, upper] = limit

    def turned(self, down: bool) -> VoiceLeadingRule:
        """The rule for a walk from the highest note down, or from the lowest up."""
        if down == self.down:
            return self
        if self._other is None:
            config = replace(self.config, order="high-to-low" if down else "low-to-high")
            self._other = VoiceLeadingRule(config, self.weights, self.ranges)
        return self._other

    def _made_on(self, device: torch.device) -> VoiceLeadingTensors:
        from biaxial.sampling.rule_tensors import VoiceLeadingTensors

        return VoiceLeadingTensors(self, device)
