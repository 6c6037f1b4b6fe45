"""``biaxial-evaluate``: the exact likelihood of music under a model, or a judgement of it beside a corpus."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from biaxial.cli.common import Arguments, progress_bar, verb
from biaxial.cli.judging import BACH, finite, judge, judge_shards, print_judged
from biaxial.cli.options import REQUIRED, given, option, parser
from biaxial.cli.sharding import ShardOptions, check_new_folder, resume_options, resumed, resumes
from biaxial.cli.styles_table import figure_text, plain_styles, styles_table
from biaxial.corpora.splits import is_folder, is_music_file, music_paths
from biaxial.files.atomic import check_output
from biaxial.files.weights_file import check_weights, weights_path
from biaxial.music.errors import InputError

if TYPE_CHECKING:
    from biaxial.corpora.corpus import Corpus
    from biaxial.corpora.splits import Split
    from biaxial.likelihood.corpus_nats import Evaluation
    from biaxial.models.biaxial import BiaxialLSTM
    from biaxial.tasks.model import Model
    from biaxial.tasks.token_model import TokenModel
    from biaxial.tokens.network import SequenceLSTM

PROG = "biaxial-evaluate"
DESCRIPTION = (
    "Print the exact likelihood of music under a model: nats per frame, by the chain rule, over every frame. With "
    "--against, judge each piece beside a corpus: voice leading, harmony, statistics, likelihood, novelty."
)
_HEADINGS = {
    "frame": "nats per frame",
    "roll": "roll alone",
    "note": "per note",
    "moving": "moving frames",
    "still": "still frames",
}
_STRING_HEADINGS = {"frame": "nats per frame", "quarter": "per quarter", "event": "per event", "note": "per note"}
_NAMES = {"roll": "frame_roll", "moving": "moving_frame", "still": "still_frame"}
"""What some figures are called in JSON."""


def read_paths(text: str) -> tuple[Path, ...]:
    """Paths separated by commas.

    Raises
    ------
    ValueError
        If there is none.
    """
    paths = tuple(Path(part.strip()) for part in text.split(",") if part.strip())
    if not paths:
        raise ValueError(f"{text!r} names no weights; give one path, or several with commas between them")
    return paths


@dataclass(frozen=True)
class EvaluateOptions:
    """What to score, and with which weights."""

    data: Path = option(
        REQUIRED,
        positional=True,
        metavar="DATA",
        help="a .json file of frames (a dictionary of splits, or one list of pieces; without voices it is taken to "
        "stand in C), a folder or file of music, or a prepared .npz file",
    )
    checkpoint: tuple[Path, ...] | None = option(
        None,
        parse=read_paths,
        metavar="PATH,...",
        help="weights; several are averaged cell by cell (default: the shipped ones)",
    )
    against: Path | None = option(
        None,
        metavar="CORPUS",
        help="judge every piece of DATA beside a folder or file of music, or beside 'bach', whose chorales the package "
        "knows",
    )
    output: Path | None = option(
        None,
        short="-o",
        metavar="PAGE",
        help="with --against: the HTML page to write; with --shards or --cluster the folder of the judgements",
    )
    run: Path | None = option(None, metavar="FOLDER", help="with --output: the run whose learning curve is shown")
    split: Literal["train", "valid", "test"] | None = option(
        None, help="score only this split (default: all, in one row unless DATA says what belongs to each)"
    )
    style: str | None = option(
        None,
        metavar="NAME,...",
        help="style, or mixture, that the first table is for; none for none (default: what the weights carry)",
    )
    device: str = option("auto", metavar="NAME", help="where to compute: auto, cpu, cuda, cuda:1 or mps")
    precision: Literal["float32", "bfloat16"] = option(
        "float32", help="with --against: bfloat16 is faster where the processor has units for it, and nearly as exact"
    )
    json: bool = option(False, help="print one JSON object")
    quiet: bool = option(False, short="-q", help="no progress bar")


@verb(PROG)
def main(argv: Arguments, prog: str) -> None:
    """Score what the command line names, and print the figures."""
    from biaxial.cli.reading import check_reading, read_corpus
    from biaxial.corpora.reading.music_folder import ReadConfig
    from biaxial.corpora.splits import SPLITS

    if resumes(argv):
        sharding, quiet_json = resume_options(argv, prog)
        order, outcome = resumed(sharding, PROG, quiet=quiet_json.quiet)
        assert sharding.resume is not None
        print_judged(order, sharding.resume, outcome, as_json=quiet_json.json)
        return
    values = given(parser(prog, DESCRIPTION, EvaluateOptions, ReadConfig, ShardOptions), argv)
    options, reading = EvaluateOptions(**values[EvaluateOptions]), ReadConfig(**values[ReadConfig])
    sharding = ShardOptions(**values[ShardOptions])
    of_one_file = {"part", "repeats"} if options.against is not None else set()
    reads = values[ReadConfig].keys() - of_one_file
    check_reading(reads, options.data, options.against)
    _check(options, in_shards=bool(values[ShardOptions]))
    if options.against is not None:
        if values[ShardOptions]:
            judge_shards(options, reading, sharding)
        else:
            judge(options, reading)
        return
    from biaxial.likelihood.corpus_nats import check_networks, evaluate  # these load PyTorch
    from biaxial.likelihood.style_nats import style_nats
    from biaxial.models.config import ModelConfig
    from biaxial.tasks.model import Model
    from biaxial.tokens.config import SequenceConfig

    models = [_model(path, options.device) for path in options.checkpoint or (None,)]
    networks = [_network(model, options.style) for model in models]
    check_networks(networks)
    config = networks[0].config
    headings = _STRING_HEADINGS if isinstance(config, SequenceConfig) else _HEADINGS
    num_voices = config.num_voices if isinstance(config, ModelConfig) else 0
    corpus = read_corpus(options.data, config.steps_per_quarter, options.quiet, reading, num_voices=num_voices)
    splits, total = _wanted(options, corpus)
    of_styles = models[0] if len(models) == 1 and isinstance(models[0], Model) and models[0].styles else None
    passes = 1 if of_styles is None else 1 + len(of_styles.styles)
    with progress_bar(passes * total, " frames", quiet=options.quiet) as advance:
        found = evaluate(networks, corpus, splits, advance)
        styled = () if of_styles is None else style_nats(of_styles.network, corpus, splits, advance)
    whole = found[-1] if len(splits) > 1 else found[0]
    if (levels := whole.figures.get("level")) and levels.total:
        headings = {**headings, "level": "per level"}
    if options.json:
        figures: dict[str, Any] = {
            **_plain(whole, headings),
            "splits": {each.label: _plain(each, headings) for each in found},
        }
        if styled:
            figures["styles"] = plain_styles(styled, by_split=bool(splits))
        print(json.dumps(figures))
        return
    counts = ("pieces", "frames", "events") if "event" in headings else ("pieces", "frames")
    columns = ("", *counts, *headings.values())
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for each in found:
        print(f"| {' | '.join((each.label, *_cells(each, headings)))} |")
    for each in found:
        if each.impossible and (each.label in SPLITS or len(found) == 1) and not isinstance(config, SequenceConfig):
            names = ", ".join(each.impossible)
            note = f"{each.label}: likelihood zero, pitches outside {config.low_pitch} to {config.high_pitch}: {names}"
            if len(each.impossible) < each.num_pieces:
                note += f". Without them {figure_text(each.figures['frame'])} nats per frame"
            print(note, file=sys.stderr)
    if styled:
        print(styles_table(styled, by_split=bool(splits)))


def _check(options: EvaluateOptions, *, in_shards: bool) -> None:
    """Refuse what can be refused before a network is loaded.

    Raises
    ------
    InputError
        If options do not go together, or something is not there.
    """
    for name in ("output", "run"):
        if options.against is None and getattr(options, name) is not None:
            raise InputError(f"--{name} belongs to --against CORPUS, which says what the pieces are judged beside")
    if options.against is not None:
        _check_judging(options, in_shards=in_shards)
    elif in_shards:
        raise InputError("--shards, --cluster and the like are for judging; add --against CORPUS, or leave them out")
    for path in options.checkpoint or ():
        check_weights(weights_path(path))
    if options.data.suffix in (".npz", ".json"):
        options.data.open("rb").close()
    else:
        music_paths(options.data)


def _check_judging(options: EvaluateOptions, *, in_shards: bool) -> None:
    """The same for ``--against``."""
    assert options.against is not None
    if options.split is not None:
        raise InputError("--split belongs to the likelihood of a corpus; with --against give the folder of the split")
    if options.style is not None:
        raise InputError("--style belongs to the likelihood; with --against it is the style that the weights carry")
    if options.checkpoint is not None and len(options.checkpoint) > 1:
        raise InputError("--against judges with one network; give one path to --checkpoint")
    if options.run is not None and options.output is None:
        raise InputError("--run is shown on the page; add --output PAGE.html")
    if options.run is not None and in_shards:
        raise InputError(
            "--run is shown on the page, which is not made where pieces are judged in shards; leave it out"
        )
    if options.output is not None and in_shards:
        check_new_folder(options.output)
    elif options.output is not None:
        check_output(options.output)
    if str(options.against) != BACH and not (is_folder(options.against) or is_music_file(options.against)):
        raise InputError(f"{options.against}: no such folder; give a folder of music, or {BACH} for the chorales")


def _wanted(options: EvaluateOptions, corpus: Corpus) -> tuple[tuple[Split, ...], int]:
    """The splits to score, none for all pieces in one row; and how many steps they have."""
    from biaxial.corpora.splits import SPLITS

    splits: tuple[Split, ...] = () if options.split is None else (options.split,)
    if options.split is None and corpus.states_splits:
        splits = SPLITS
    total = sum(piece.num_steps for piece in corpus.pieces if not splits or piece.split in splits)
    if not total:
        held = ", ".join(split for split in SPLITS if corpus.split(split))
        raise InputError(f"{options.data}: no pieces of the split {options.split!r}; it has {held}")
    return splits, total


def _model(path: Path | None, device: str) -> Model | TokenModel:
    """The model of weights of any kind, the shipped ones by default."""
    from biaxial.tasks.loading import load

    return load(path, device)


def _network(model: Model | TokenModel, style: str | None) -> BiaxialLSTM | SequenceLSTM:
    """The network of a model, in a style if one is asked for.

    Raises
    ------
    InputError
        If the model does not know the style.
    """
    from biaxial.tasks.model import Model

    if isinstance(model, Model):
        return model.in_style(style)
    if style is not None:
        raise InputError("--style is for biaxial weights; leave it out")
    network: SequenceLSTM = model.network
    return network


def _cells(found: Evaluation, headings: dict[str, str]) -> tuple[str, ...]:
    """The cells of a row after its label."""
    counts = [found.num_pieces, found.num_frames]
    if "event" in headings:
        counts.append(int(found.figures["event"].total))
    figures = ("infinite" if found.impossible else figure_text(found.figures[name]) for name in headings)
    return *map(str, counts), *figures


def _plain(found: Evaluation, headings: dict[str, str]) -> dict[str, Any]:
    """Plain values of an evaluation."""
    possible = found.figures.get("frame")
    values: dict[str, Any] = {
        f"nats_per_{_NAMES.get(name, name)}": finite(found.nats_per(name)) for name in (*headings, *found.figures)
    }
    values |= {
        "standard_error": None if possible is None or found.impossible else finite(possible.standard_error),
        "num_frames": found.num_frames,
        "num_notes": found.num_notes,
        "num_pieces": found.num_pieces,
        "num_impossible_pieces": len(found.impossible),
        "impossible_pieces": list(found.impossible),
        "nats_per_frame_of_possible_pieces": None if possible is None else finite(possible.value),
    }
    for name in ("moving", "token", "event", "level"):
        if name in headings or name in found.figures:
            count = None if found.impossible else int(found.figures[name].total)
            values[f"num_{_NAMES.get(name, name)}s"] = count
    return values
