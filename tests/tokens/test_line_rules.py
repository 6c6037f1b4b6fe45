"""A line keeps to its range and ends on its tonic, whatever the network would rather do."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from biaxial.models.network_arrays import arrays_of
from biaxial.tokens.config import SequenceConfig
from biaxial.tokens.line_rules import LineRules
from biaxial.tokens.melody_codec import END, HOLD, PHRASE_END, REST, MelodyCodec
from biaxial.tokens.network import SequenceLSTM
from biaxial.tokens.token_stepper import DrawnString, TokenOptions, TokenStepper, draw_string


def free(tokens: list[int], rules: LineRules, *, phrases: bool = True) -> set[int]:
    """What may follow a line."""
    codec = MelodyCodec(phrases=phrases)
    walk = codec.walk()
    for token in tokens:
        walk.push(token)
        rules.push(token)
    return set(np.flatnonzero(~rules.forbidden(walk, codec.size) & codec.drawable[walk.state]).tolist())


@pytest.mark.parametrize(
    ("tokens", "may_end"),
    [
        ([PHRASE_END, 62], True),
        ([PHRASE_END, 74, HOLD], True),
        ([62, HOLD], False),  # it ends no phrase
        ([PHRASE_END, 64], False),  # not the tonic
        ([PHRASE_END, 62, REST], False),
        ([PHRASE_END, 62, 64, HOLD], False),
        ([], False),
    ],
)
def test_the_end_follows_a_tonic_that_ends_a_phrase(tokens: list[int], may_end: bool) -> None:
    assert (END in free(tokens, LineRules((0, 127), 2, 100))) is may_end


def test_without_phrase_ends_the_end_follows_a_tonic() -> None:
    assert END in free([64, 62, HOLD], LineRules((0, 127), 2, 100), phrases=False)
    assert END not in free([62, 64], LineRules((0, 127), 2, 100), phrases=False)
    assert END in free([62, 64], LineRules((0, 127), None, 100), phrases=False)


def test_pitches_lie_within_the_range() -> None:
    inside = {token for token in free([60], LineRules((57, 81), 0, 100)) if token < 128}
    assert inside == set(range(57, 82))


def test_the_last_event_is_the_nearest_tonic_within_the_range() -> None:
    assert free([64, 70], LineRules((57, 81), 0, 3)) == {72, HOLD, PHRASE_END}
    assert free([64, 66], LineRules((57, 81), 0, 3)) == {60, 72, HOLD, PHRASE_END}
    assert free([64, 80], LineRules((57, 81), 0, 3)) == {72, HOLD, PHRASE_END}  # 84 is out of range
    assert free([64, REST], LineRules((57, 81), 0, 3)) == {60, REST, PHRASE_END}
    assert not free([64, PHRASE_END, 60], LineRules((57, 81), 0, 2)) & {REST, PHRASE_END}


@pytest.mark.parametrize("phrases", [True, False])
def test_drawn_lines_end_on_their_tonic(phrases: bool) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        config = SequenceConfig(kind="melody", phrases=phrases, embedding=6, hidden=(8,))
        stepper = TokenStepper(arrays_of(SequenceLSTM(config).eval()))

    def draw(seed: int, rules: LineRules | None) -> DrawnString:
        drawing = TokenOptions(temperature=1.0)
        return draw_string(stepper, seed, lambda _: (0, 16, 0), drawing, events=(4, 20), most_steps=4000, rules=rules)

    lasts, free_lasts = [], []
    for seed in range(12):
        found = draw(seed, LineRules((57, 81), 9, 20)).walk
        assert all(57 <= pitch <= 81 for _, _, pitch in found.notes())
        assert found.num_events <= 20
        onset, length, pitch = found.notes()[-1]
        assert onset + length == found.time
        lasts.append(pitch % 12)
        free_lasts.append(draw(seed, None).walk.notes()[-1][2] % 12)
    assert set(lasts) == {9}
    assert len(set(free_lasts)) > 3
