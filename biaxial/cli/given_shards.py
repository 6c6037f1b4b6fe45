"""Shards of what is made of given music, for the commands that take a file or a folder of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from biaxial.cli.sharding import ShardOptions, check_shards, write_shards
from biaxial.cli.writing import WritingOptions, check_inputs, seed_of
from biaxial.corpora.splits import music_paths
from biaxial.render.files import Rendering

if TYPE_CHECKING:
    from biaxial.jobs.order import Verb
    from biaxial.tasks.drawing.sampling_options import SamplingOptions


def write_given_shards(
    sharding: ShardOptions,
    writing: WritingOptions,
    rendering: Rendering,
    *,
    command: str,
    stem: str,
    verb: Verb,
    plan: Mapping[str, Any],
    given: Path,
    reading: Mapping[str, Any],
    drawing: Callable[[], SamplingOptions],
) -> None:
    """Draw what is made of given music into shards; what is refused is refused before the network is loaded.

    Parameters
    ----------
    sharding, writing, rendering, command, stem, verb, plan, given, reading
        As :func:`write_shards` takes them.
    drawing
        How pieces are drawn; making it may take a second.

    Raises
    ------
    InputError
        As :func:`write_shards`.
    """
    check_inputs(writing, rendering)
    check_shards(sharding, writing.output, rendering, writing.seed is not None)
    music_paths(given)
    write_shards(
        sharding,
        writing,
        rendering,
        command=command,
        stem=stem,
        verb=verb,
        plan=plan,
        seed=seed_of(writing),
        drawing=asdict(drawing()),
        given=given,
        reading=reading,
    )
