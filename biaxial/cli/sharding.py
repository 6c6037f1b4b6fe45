"""What the commands that write or judge many pieces share: shards, where they are made, and how a run goes on."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from biaxial.cli.common import Arguments, progress_bar
from biaxial.cli.options import option, parse, parser
from biaxial.corpora.splits import folder_of, music_paths
from biaxial.files.atomic import check_folder
from biaxial.formats.json_score import score_to_dict
from biaxial.music.errors import InputError
from biaxial.music.score import Score
from biaxial.render.files import WRITERS, Rendering, check_writable, suffix_of

if TYPE_CHECKING:
    from biaxial.cli.writing import WritingOptions
    from biaxial.jobs.driver import Outcome
    from biaxial.jobs.order import Order, Verb

FEATURES = ".parquet"
"""An ending that asks for a table of figures beside every shard."""


def read_cluster(text: str) -> str:
    """Read ``"local"``, ``"processes"``, ``"ray"`` or ``"ray://HOST:PORT"``.

    Raises
    ------
    ValueError
        If it is none of these.
    """
    if text not in ("local", "processes", "ray") and not re.fullmatch(r"ray://[\w.\-\[\]:]+:\d{1,5}", text, re.ASCII):
        raise ValueError(f"{text!r} is not a place to compute; give local, processes, ray or ray://HOST:PORT")
    return text


def read_shard_range(text: str) -> range:
    """Read ``"0-99"`` or ``"7"``: the first and the last of some shards, counted from 0.

    Raises
    ------
    ValueError
        If it is something else.
    """
    found = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", text.replace(" ", ""), re.ASCII)
    shards = range(0) if found is None else range(int(found[1]), int(found[2] or found[1]) + 1)
    if not shards:
        raise ValueError(f"{text!r} does not say which shards; give the first and the last, such as 0-99")
    return shards


@dataclass(frozen=True)
class ShardOptions:
    """Many pieces: shards, and where they are made."""

    shards: int | None = option(
        None,
        within=(1, 99_999),
        help="pack the pieces into so many tar files, in the folder of --output, with a manifest",
    )
    cluster: str = option(
        "local",
        parse=read_cluster,
        metavar="PLACE",
        help="where shards are made: local, here; processes, one for each processor; ray, the same by Ray; or the "
        "ray://HOST:PORT of a cluster that you trust",
    )
    workers: int | None = option(
        None, within=(1, 100_000), help="how many processes or actors make shards (default: one for each processor)"
    )
    resume: Path | None = option(
        None, metavar="FOLDER", help="make the missing shards of a folder; the folder knows all else"
    )
    shard_range: range | None = option(
        None, parse=read_shard_range, metavar="N-N", help="make these shards only, counted from 0, such as 0-99"
    )
    max_failures: int | None = option(
        None, within=(0, 10**9), help="end when more pieces than this could not be written (default: never)"
    )

    @property
    def is_asked(self) -> bool:
        """Whether pieces go to shards.

        Raises
        ------
        InputError
            If they do not, and something says how.
        """
        if self.shards is None:
            for field in fields(self):
                if getattr(self, field.name) != field.default:
                    name = field.name.replace("_", "-")
                    raise InputError(f"--{name} says how shards are made; add --shards N, or leave it out")
        return self.shards is not None


@dataclass(frozen=True)
class ResumeOptions:
    """How a run goes on."""

    quiet: bool = option(False, short="-q", help="no progress bar")
    json: bool = option(False, help="print one JSON object")


def resumes(argv: Arguments) -> bool:
    """Whether a command line says that a run goes on."""
    words = sys.argv[1:] if argv is None else argv
    return any(word == "--resume" or word.startswith("--resume=") for word in words)


def resume_options(argv: Arguments, prog: str) -> tuple[ShardOptions, ResumeOptions]:
    """The command line of a run that goes on.

    Raises
    ------
    InputError
        If something is said that the folder knows.
    """
    try:
        sharding, options = parse(
            parser(prog, "Make the missing shards of a folder.", ShardOptions, ResumeOptions), argv
        )
    except InputError as error:
        error.add_note("beside --resume there are --cluster, --workers, --shard-range, --max-failures, -q and --json")
        raise
    if sharding.shards is not None:
        raise InputError(f"--shards: {sharding.resume} knows how many there are; leave it out")
    return sharding, options


def resumed(sharding: ShardOptions, command: str, *, quiet: bool) -> tuple[Order, Outcome]:
    """Go on with a run.

    Raises
    ------
    InputError
        If the folder holds no run of this command.
    """
    from biaxial.jobs.order import Order

    folder = sharding.resume
    assert folder is not None
    order = Order.load(folder)
    if order.command != command:
        raise InputError(f"{folder}: was begun by {order.command}; go on with {order.command} --resume {folder}")
    return order, make_shards(order, folder, sharding, quiet=quiet)


def resume(argv: Arguments, prog: str, command: str) -> None:
    """Go on with a run that writes pieces as the command line says, and print what there is then.

    Raises
    ------
    InputError
        As :func:`resume_options` and :func:`resumed`.
    """
    begun = time.perf_counter()
    sharding, options = resume_options(argv, prog)
    _, outcome = resumed(sharding, command, quiet=options.quiet)
    assert sharding.resume is not None
    print_outcome(sharding.resume, outcome, time.perf_counter() - begun, as_json=options.json)


def check_shards(sharding: ShardOptions, outputs: tuple[Path, ...], rendering: Rendering, seeded: bool) -> None:
    """Refuse what can be refused of a run before there is one.

    Raises
    ------
    InputError
        If shards cannot go there, or nothing writes what is to be in them.
    """
    if sharding.shard_range is not None and not seeded:
        raise InputError("--shard-range needs --seed, so that all parts of a run draw from the same seeds")
    folder = shard_folder(outputs)
    if folder is not None:
        check_new_folder(folder)
    for ending in endings(outputs):
        if ending == FEATURES:
            _check_pyarrow()
        else:
            check_writable(Path(f"piece{ending}"), rendering)


def check_new_folder(folder: Path) -> None:
    """Refuse a folder that cannot be made or written to.

    Raises
    ------
    InputError
        In one line that names it.
    """
    if suffix_of(folder) or folder.is_file():
        raise InputError(f"--output: {folder} looks like one file; shards need the name of a folder")
    check_folder(next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists()))


def shard_folder(outputs: tuple[Path, ...]) -> Path | None:
    """The folder that a command line names for shards.

    Raises
    ------
    InputError
        If it names several.
    """
    folders = [path for path in outputs if str(path).lower() not in (*WRITERS, FEATURES)]
    if len(folders) > 1:
        raise InputError(f"--output: shards go to one folder, not to {folders[0]} and {folders[1]}")
    return folders[0] if folders else None


def endings(outputs: tuple[Path, ...]) -> list[str]:
    """The endings that a command line asks for beside those that every shard has."""
    wanted = dict.fromkeys(str(path).lower() for path in outputs if str(path).lower() in (*WRITERS, FEATURES))
    return [ending for ending in wanted if ending not in (".mid", ".json")]


def _check_pyarrow() -> None:
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        raise InputError("--output: .parquet needs pyarrow, which is not installed; pip install 'biaxial[cluster]'")


def plain(plan: Mapping[str, Any]) -> dict[str, Any]:
    """The words of a planning function as JSON has them: scores are documents, keys and metres names."""
    values = dict(plan)
    for name, value in plan.items():
        if isinstance(value, Score):
            values[name] = score_to_dict(value)
        elif hasattr(value, "from_name"):
            values[name] = value.name
        elif isinstance(value, tuple):
            values[name] = list(value)
    return values


def write_shards(
    sharding: ShardOptions,
    writing: WritingOptions,
    rendering: Rendering,
    *,
    command: str,
    stem: str,
    verb: Verb,
    plan: Mapping[str, Any],
    seed: int,
    drawing: Mapping[str, Any],
    tunes: Path | None = None,
    given: Path | None = None,
    reading: Mapping[str, Any] | None = None,
) -> None:
    """Draw pieces into shards as the command line says, and print what was written.

    Parameters
    ----------
    sharding, writing, rendering
        The command line.
    command, stem
        The command, and the name of its folder where the command line gives none.
    verb, plan, seed, drawing, reading
        As :class:`~biaxial.jobs.order.Order` has them.
    tunes
        Weights that write the tunes.
    given
        A folder or file of music of each of which pieces are made.

    Raises
    ------
    InputError
        As :class:`~biaxial.jobs.driver.Run`.
    """
    begun = time.perf_counter()
    from biaxial.cli.writing import say_compiling
    from biaxial.files.atomic import make_new_folder
    from biaxial.files.weights_file import DEFAULT
    from biaxial.jobs.order import Order, Weights

    weights = [Weights.of(path) for path in (*filter(None, [tunes]), writing.checkpoint or DEFAULT)]
    names = {} if given is None else checksums(given)
    assert sharding.shards is not None
    looks = {**asdict(rendering), "instruments": list(rendering.instruments)}
    if rendering.soundfont is not None:
        looks["soundfont"] = str(rendering.soundfont.resolve())
    order = Order(
        command,
        verb,
        plain(plan),
        seed,
        writing.num_outputs * (len(names) if given is not None else 1),
        sharding.shards,
        tuple(weights),
        writing.num_outputs if given is not None else 0,
        "" if given is None else str(given.resolve()),
        names,
        json.loads(json.dumps(drawing)),
        reading,
        {**looks, "title": writing.title, "endings": endings(writing.output)},
        "cpu" if writing.device == "auto" else writing.device,  # the same pieces on every machine
    )
    folder = shard_folder(writing.output) or make_new_folder(Path(stem))
    say_compiling(quiet=writing.quiet)
    outcome = make_shards(order, folder, sharding, quiet=writing.quiet, threads=writing.threads)
    print_outcome(folder, outcome, time.perf_counter() - begun, as_json=writing.json)


def checksums(given: Path) -> dict[str, str]:
    """The checksum of every given file by its name.

    Raises
    ------
    InputError, OSError
        If there is none, or one cannot be read.
    """
    from biaxial.jobs.workshop import given_checksum

    paths = music_paths(given)
    return {path.relative_to(folder_of(given)).as_posix(): given_checksum(path) for path in paths}


def make_shards(
    order: Order, folder: Path, sharding: ShardOptions, *, quiet: bool, threads: int | None = None
) -> Outcome:
    """Make the missing shards of an order, with a bar.

    Raises
    ------
    InputError, OSError
        As :class:`~biaxial.jobs.driver.Run`.
    """
    from biaxial.jobs.driver import Run, engine_of

    run = Run(order, folder, sharding.shard_range)
    engine = engine_of(sharding.cluster, sharding.workers, threads)
    with progress_bar(run.num_missing_pieces, " pieces", quiet=quiet) as advance:
        return run.make(engine, advance, sharding.max_failures)


def print_outcome(folder: Path, outcome: Outcome, seconds: float, *, as_json: bool) -> None:
    """Print what there is of a run that writes pieces."""
    if as_json:
        print(json.dumps({"folder": str(folder), **asdict(outcome), "seconds": round(seconds, 3)}))
        return
    text = f"{folder}: {outcome.shards} shards, {outcome.pieces} pieces"
    if outcome.num_failures:
        text += f", {outcome.num_failures} that could not be written ({outcome.first_failure})"
    if outcome.num_steps:
        text += f", {-outcome.nats / outcome.num_steps:.3f} nats per step"
    if outcome.made:
        text += f"; {outcome.made / seconds:.2f} pieces a second"
    print(text)
