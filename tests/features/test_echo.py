"""Echoes, by hand and by brute force."""

from __future__ import annotations

import torch

from biaxial.features.echo import echoes


def piece(text: str) -> torch.Tensor:
    """A piece of one note row, each letter another frame, shape ``(1, t, 3)``."""
    codes = torch.tensor([ord(letter) - ord("a") for letter in text])
    return torch.stack([codes >> bit & 1 for bit in range(3)], -1).to(torch.uint8).unsqueeze(0)


def heard(text: str) -> tuple[str, list[int], list[bool]]:
    """The echo of every step: letters (``-`` for none), lengths, whether it goes back to the start."""
    echo = echoes(piece(text))
    codes = (echo.frame[0].long() * torch.tensor([1, 2, 4])).sum(-1).tolist()
    lengths = echo.length[0].tolist()
    letters = "".join(chr(code + ord("a")) if length else "-" for code, length in zip(codes, lengths, strict=True))
    return letters, lengths, echo.from_start[0].tolist()


def test_a_repeated_phrase_is_heard_from_its_second_frame_on() -> None:
    letters, lengths, from_start = heard("bcdebcdef")
    assert letters == "-----cdeb"  # at the end the phrase would begin a third time
    assert lengths == [0, 0, 0, 0, 0, 1, 2, 3, 4]
    assert from_start == [False] * 5 + [True] * 4


def test_a_match_that_does_not_go_back_to_the_start_says_so() -> None:
    letters, lengths, from_start = heard("bcdcdf")
    assert letters[-2:] == "dc"
    assert lengths == [0, 0, 0, 0, 1, 2]
    assert not any(from_start)


def test_the_latest_of_equally_long_matches_is_taken() -> None:
    letters, lengths, _ = heard("bcbdbe")
    assert (letters[5], lengths[5]) == ("d", 1)


def test_echoes_are_those_of_a_search_through_every_place() -> None:
    generator = torch.Generator().manual_seed(0)
    outcomes = torch.randint(2, (3, 40, 2), generator=generator, dtype=torch.uint8)
    echo = echoes(outcomes)
    for b in range(3):
        frames = [tuple(frame) for frame in outcomes[b].tolist()]
        for t in range(40):
            best, place = 0, -1
            for j in range(1, t):
                length = 0
                while length < j and frames[j - 1 - length] == frames[t - 1 - length]:
                    length += 1
                if length and length >= best:
                    best, place = length, j
            assert echo.length[b, t] == best
            assert echo.from_start[b, t] == (best > 0 and best == place)
            assert tuple(echo.frame[b, t].tolist()) == (frames[place] if best else (0, 0))


def test_an_echo_does_not_depend_on_later_frames() -> None:
    outcomes = piece("bcdbcdbc")
    other = outcomes.clone()
    other[:, 5:] = 0
    for now, then in zip(echoes(outcomes), echoes(other), strict=True):
        assert torch.equal(now[:, :6], then[:, :6])
