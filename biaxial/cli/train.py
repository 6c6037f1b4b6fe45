"""``biaxial-train``: train a network on a folder of MIDI files, or on a prepared corpus; search its settings."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from biaxial.cli.common import STATUS_INTERRUPTED, Arguments, nothing_to_lose, verb
from biaxial.cli.options import given, option, parser
from biaxial.corpora.splits import music_paths
from biaxial.files.atomic import counted
from biaxial.files.weights_file import check_weights
from biaxial.music.errors import InputError

if TYPE_CHECKING:
    from biaxial.corpora.corpus import Corpus
    from biaxial.training.run_plan import Plan
    from biaxial.training.settings_search import TrialResult

PROG = "biaxial-train"
DESCRIPTION = (
    "Train a biaxial LSTM on a folder of music. The run is a folder below runs/. Defaults of the settings are those of "
    "the preset chorale, or of --model; other presets have their own."
)


@dataclass(frozen=True)
class TrainOptions:
    """What to train on, and where the run goes."""

    corpus: Path | None = option(
        None,
        positional=True,
        metavar="CORPUS",
        help="folder of MIDI, MusicXML, kern or ABC files, or a prepared .npz file, or a .json file of frames",
    )
    preset: Literal["chorale", "hexahedria", "jsb-quarter", "jsb-16th", "piano", "deepj", "tiny"] | None = option(
        None,
        help="network to start from (default: chorale for music in four voices, piano for other folders)",
    )
    model: Literal["biaxial", "melody", "chord", "chord-large"] = option(
        "biaxial",
        help="kind of network: melody (one voice, a token a step) and chord (notes and chords with their lengths) are "
        "token LSTMs, whose options biaxial-train --model chord --help lists",
    )
    output: Path | None = option(None, short="-o", help="folder of the run (default: runs/ and the preset's name)")
    init: Path | None = option(
        None, help="weights to fine-tune: their network, and settings that suit a small corpus in place of a preset's"
    )
    like: Path | None = option(None, help="weights whose network and settings to take in place of a preset's, anew")
    start_from: Path | None = option(None, help="weights to go on from, with the preset's settings")
    mix: Path | None = option(None, metavar="CORPUS", help="old corpus to mix in, so that it is not forgotten")
    mix_share: float = option(0.3, help="share of the training crops that come from it")
    config: Path | None = option(
        None, metavar="FILE", help="settings in place of a preset's: best.json of a search, or config.json of a run"
    )
    search: int | None = option(
        None,
        within=(2, 100_000),
        help="search the learning rate, widths and dropout with so many trials; with --resume more trials",
    )
    search_epochs: int | None = option(
        None, within=(1, 1_000_000), help="epochs of the longest trials (default: those of the run, --epochs)"
    )
    resume: Path | None = option(None, help="folder of a run or search to go on with, with its own settings")
    quiet: bool = option(False, short="-q", help="no progress bar")
    json: bool = option(False, help="print one JSON object")


@verb(PROG)
def main(argv: Arguments, prog: str) -> None:
    """Train as the command line says, and print how it ended."""
    # Read by PyTorch when it is loaded: large pages make training on a CPU about a quarter faster.
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")

    from biaxial.cli.reading import check_reading, read_corpus
    from biaxial.corpora.reading.music_folder import ReadConfig
    from biaxial.models.config import PRESETS, ModelConfig
    from biaxial.tokens.config import SEQUENCE_PRESETS, SequenceSizes
    from biaxial.training.config import SEQUENCE_TRAIN_PRESETS, TRAIN_PRESETS, TrainConfig
    from biaxial.training.devices import Machine, is_first_process
    from biaxial.training.run_plan import read_document

    kind = _kind(argv)
    sizes: type[Any]
    shown: dict[type[Any], object]
    if kind == "biaxial":
        sizes, shown = ModelConfig, {ModelConfig: PRESETS["chorale"], TrainConfig: TRAIN_PRESETS["chorale"]}
    else:
        sizes, shown = SequenceSizes, {SequenceSizes: SEQUENCE_PRESETS[kind], TrainConfig: SEQUENCE_TRAIN_PRESETS[kind]}
    built = parser(prog, DESCRIPTION, TrainOptions, ReadConfig, TrainConfig, Machine, sizes, shown=shown)
    values = given(built, argv)
    values[ModelConfig] = values.get(ModelConfig, {}) | values.pop(SequenceSizes, {})
    options = TrainOptions(**values[TrainOptions])
    if options.resume is not None:
        _refuse_settings(values)
    first = is_first_process()
    searches = options.search is not None if options.resume is None else "search" in read_document(options.resume)
    if searches:
        _check_optuna()
    plan, folder = _resumed(options, values, searches) if options.resume is not None else _new(options, values)
    if first and options.resume is None and (folder / "config.json").exists():
        raise InputError(f"{folder}: a run is there already; go on with --resume {folder}, or give another -o")
    _check_paths(options, plan)
    source, quiet = Path(plan.corpus), options.quiet or not first
    with nothing_to_lose():  # these load PyTorch and Lightning
        from biaxial.training.fit import train
        from biaxial.training.mixing import Mix
        from biaxial.training.run_folder import read_plan
        from biaxial.training.style_sources import styled, with_styles

        if options.resume is not None and not searches:
            read_plan(options.resume)
    check_reading(values[ReadConfig], source, Path(plan.mix) if plan.mix else None)
    reading, pitches = ReadConfig(**values[ReadConfig]), None
    num_voices = 0
    if isinstance(plan.config, ModelConfig):
        num_voices = plan.config.num_voices
        pitches = (plan.config.low_pitch, plan.config.high_pitch)
    corpus = read_corpus(source, plan.config.steps_per_quarter, quiet, reading, pitches, num_voices)
    if searches:
        _run_search(options, dataclasses.replace(plan, corpus=str(source.resolve())), folder, corpus, prog)
        return
    corpora, mix, config = [corpus], None, plan.config
    if plan.mix:
        reading = dataclasses.replace(reading, verdicts=None)
        corpora.append(read_corpus(Path(plan.mix), plan.config.steps_per_quarter, quiet, reading, pitches, num_voices))
    if plan.styles and isinstance(config, ModelConfig):
        corpora = styled(corpora, plan.styles)
        config = with_styles(config, corpora, plan.styles)
    if plan.mix:
        held_out = corpus.split("valid") + corpus.split("test")
        mix = Mix(corpora[1], plan.mix_share, str(Path(plan.mix).resolve()), held_out)
    result = train(
        corpora[0],
        config,
        plan.train,
        folder,
        plan.machine,
        corpus_path=str(source.resolve()),
        resume=options.resume is not None,
        start_from=options.init or options.start_from,
        mix=mix,
        styles=plan.styles,
        quiet=quiet,
    )
    if not first:
        return
    summary: dict[str, Any] = {
        "folder": str(folder),
        "weights": str(folder / "model.safetensors"),
        "epochs": result.epochs,
        "valid_nats_per_step": result.valid_nats if result.epochs else None,
        "interrupted": result.interrupted,
    }
    if options.json:
        print(json.dumps(summary))
    elif not result.interrupted:
        print(f"{folder}: {result.valid_nats:.4f} nats per step on held-out pieces after {result.epochs} epochs")
        print(f"compose with it: biaxial-compose --checkpoint {folder / 'model.safetensors'}")
    else:
        print(f"{folder}: stopped; {result.epochs} epochs are finished. Go on with: {prog} --resume {folder}")
    if result.interrupted:
        raise SystemExit(STATUS_INTERRUPTED)


def _kind(argv: Arguments) -> str:
    """The kind of network that a command line asks for: the sizes of a token LSTM are other options."""
    from biaxial.files.weights_file import weights_kind
    from biaxial.tokens.config import SEQUENCE_PRESETS

    kind = "biaxial"
    words = list(sys.argv[1:] if argv is None else argv)
    for word, following in pairwise([*words, ""]):
        name, equals, value = word.partition("=")
        value = value if equals else following
        if name == "--model":
            kind = value
            break
        if name in ("--init", "--like"):
            kind = weights_kind(Path(value))
            break
    return kind if kind in SEQUENCE_PRESETS else "biaxial"


def _refuse_settings(values: dict[type[Any], dict[str, Any]]) -> None:
    """Refuse settings beside ``--resume``: only what is where, the machine and the trials of a search may change."""
    from biaxial.models.config import ModelConfig
    from biaxial.training.config import TrainConfig

    own = values[TrainOptions].keys() - {"corpus", "mix", "search", "resume", "quiet", "json"}
    if changed := [*sorted(own), *values[TrainConfig], *values[ModelConfig]]:
        name = changed[0].replace("_", "-")
        raise InputError(f"--resume goes on with the settings of its run; leave out --{name}")


def _resumed(options: TrainOptions, values: dict[type[Any], dict[str, Any]], searches: bool) -> tuple[Plan, Path]:
    """What a run or a search was started with, on the machine that it goes on with."""
    from biaxial.training.devices import Machine
    from biaxial.training.run_plan import planned

    assert options.resume is not None
    plan = planned(options.resume)
    for name, fits in (("search", searches), ("mix", bool(plan.mix))):
        if getattr(options, name) is not None and not fits:
            raise InputError(f"--resume goes on with the settings of its run; leave out --{name}")
    machine = dataclasses.replace(plan.machine, **values[Machine])
    corpus, mix = str(options.corpus or plan.corpus), str(options.mix or plan.mix)
    return dataclasses.replace(plan, corpus=corpus, mix=mix, machine=machine), options.resume


def _new(options: TrainOptions, values: dict[type[Any], dict[str, Any]]) -> tuple[Plan, Path]:
    """Preset or weights say how to train, and options change it."""
    from biaxial.cli.reading import fitting_preset
    from biaxial.models.config import PRESETS, ModelConfig
    from biaxial.tokens.config import SEQUENCE_PRESETS
    from biaxial.training.config import SEQUENCE_TRAIN_PRESETS, TRAIN_PRESETS, TrainConfig
    from biaxial.training.devices import Machine
    from biaxial.training.run_plan import Plan
    from biaxial.training.settings import read_preset, settings_for_tuning, settings_of
    from biaxial.training.style_sources import is_table

    names = values[TrainOptions].keys()
    ways = ("preset", "init", "like", "config")
    for one, other in (*itertools.combinations(ways, 2), ("init", "start_from")):
        if {one, other} <= names:
            one, other = one.replace("_", "-"), other.replace("_", "-")
            raise InputError(f"--{one} and --{other} both say what to start with; leave one out")
    if options.model != "biaxial" and (others := names & {"preset", "init", "like"}):
        raise InputError(f"--model and --{min(others)} both say what to start with; leave one out")
    if "mix_share" in names and options.mix is None:
        raise InputError("--mix-share is the share of an old corpus; give it with --mix CORPUS")
    styles = ",".join(values[ModelConfig].pop("styles", ()))
    if styles and options.search is not None:
        raise InputError("a search has no styles; leave out --styles, and train with what it finds (--config)")
    if options.search is not None and (fixed := names & {"init", "start_from", "mix"}):
        raise InputError(f"a search tries other networks, from new weights; leave out --{min(fixed).replace('_', '-')}")
    if options.search is None and options.search_epochs is not None:
        raise InputError("--search-epochs is the length of a trial; give it with --search N")
    if options.corpus is None:
        raise InputError("nothing to train on; give a folder of MIDI files (biaxial-chorales makes one)")
    if options.init is not None:
        name, (config, train_config) = "tuned", settings_for_tuning(options.init)
    elif options.like is not None:
        name, (config, train_config) = "again", settings_of(options.like)
    elif options.config is not None:
        name, (config, train_config) = options.config.stem, read_preset(options.config)
    elif options.model != "biaxial":
        name, config, train_config = (
            options.model,
            SEQUENCE_PRESETS[options.model],
            SEQUENCE_TRAIN_PRESETS[options.model],
        )
    else:
        name = options.preset or ("chorale" if "num_voices" in values[ModelConfig] else fitting_preset(options.corpus))
        config, train_config = PRESETS[name], TRAIN_PRESETS[name]
    plan = Plan(
        dataclasses.replace(config, **values[ModelConfig]),
        dataclasses.replace(train_config, **values[TrainConfig]),
        str(options.corpus),
        Machine(**values[Machine]),
        "" if options.mix is None else str(options.mix),
        options.mix_share if options.mix is not None else 0.0,
        str(Path(styles).resolve()) if is_table(styles) else styles,
    )
    name += "-search" if options.search is not None else ""
    return plan, options.output or new_folder(Path("runs"), name)


def _check_paths(options: TrainOptions, plan: Plan) -> None:
    """Refuse a corpus, a table or weights that are not there, before PyTorch is loaded."""
    from biaxial.training.style_sources import is_table

    for source in filter(None, (plan.corpus, plan.mix)):
        if Path(source).suffix in (".npz", ".json"):
            Path(source).open("rb").close()
        else:
            music_paths(Path(source))
    if is_table(plan.styles):
        Path(plan.styles).open("rb").close()
    for weights in (options.init, options.like, options.start_from):
        if weights is not None:
            check_weights(weights)


def new_folder(runs: Path, name: str) -> Path:
    """``runs/NAME``, or ``runs/NAME-2`` and so on if that is taken."""
    return next(folder for folder in counted(runs / name) if not folder.exists())


def _check_optuna() -> None:
    """Refuse to search without Optuna.

    Raises
    ------
    InputError
        With the command that installs it.
    """
    if find_spec("optuna") is None:
        raise InputError("--search needs Optuna, which is not installed; pip install 'optuna>=5,<6'")


def _run_search(options: TrainOptions, plan: Plan, folder: Path, corpus: Corpus, prog: str) -> None:
    """Search, and print the table of the trials."""
    from biaxial.training.settings_search import (
        Search,
        SearchConfig,
        begin_search,
        lengthen_search,
        read_search,
        trial_table,
    )

    if options.resume is None:
        assert options.search is not None
        begin_search(corpus, plan, folder, SearchConfig.of(options.search, options.search_epochs or plan.train.epochs))
    elif options.search is not None:
        lengthen_search(folder, options.search)
    total = read_search(folder).trials

    def tell(trial: TrialResult) -> None:
        if trial.failure:  # told even with --quiet
            print(f"trial {trial.number + 1} of {total} failed: {trial.failure}", file=sys.stderr)
        elif not options.quiet:
            ended = "" if trial.state == "finished" else ", stopped: worse than half of the others"
            line = f"trial {trial.number + 1} of {total} ({trial.part}, {trial.epochs} epochs)"
            print(f"{line}: loss {trial.loss:.4f} nats{ended}", file=sys.stderr, flush=True)

    result = Search(corpus, plan, folder, tell).run()
    if options.json:
        summary: dict[str, Any] = {
            "folder": str(folder),
            "preset": None if result.best is None else str(folder / "best.json"),
            "best": None if result.best is None else dataclasses.asdict(result.best),
            "trials": [dataclasses.asdict(trial) for trial in result.trials],
            "interrupted": result.interrupted,
        }
        print(json.dumps(summary))
    else:
        print("\n".join(trial_table(result.trials)))
        if result.interrupted:
            done = f"{len(result.trials)} of {total} trials are over"
            print(f"{folder}: stopped; {done}. Go on with: {prog} --resume {folder}")
        elif result.best is not None:
            pictures = " and ".join(str(path) for path in sorted(folder.glob("*.png")))
            print(f"best: trial {result.best.number:03d}; pictures: {pictures}")
            print(f"train with it: {prog} {plan.corpus} --config {folder / 'best.json'}")
    if result.interrupted:
        raise SystemExit(STATUS_INTERRUPTED)
