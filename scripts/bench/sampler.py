"""Measure how fast frames are drawn: all steppers, a plain PyTorch generator, and the floor that the arithmetic sets.

``python scripts/bench/sampler.py`` prints Markdown tables. It takes about five minutes on one free core, with
``--quick`` one. It has seven sections; ``--speed``, ``--agreement`` and ``--start`` are made by default:

``--speed``
    Time of a step and of 16 bars for one piece and for batches. One network has the sizes of Hexahedria, random weights
    and 49 notes; beside our steppers it runs as a plain PyTorch generator (:class:`PlainGenerator`). The other one is
    the shipped weights with their default constraints. Systems take turns, so that whatever else the machine does slows
    all of them; figures and ratios are medians over the turns.
    The *floor* is the time of the arithmetic alone: the multiplications and additions of all dense products of a step,
    for all notes, at the rate that ``torch.mm`` reaches in the same turns. It is also given without the inputs, most of
    which are zeros: with the products of hidden states alone.
``--parts``
    Where the time of a step goes: products, inputs, cells, the walk, random numbers.
``--agreement N``
    Steppers are led along N frames that the float64 reference draws, and their decisions compared.
``--held-out CHORALES``
    Nats of the validation pieces of a folder made by ``biaxial-chorales``, in each precision (half a minute).
``--start``
    What ``biaxial-compose --bars 16 --seed 1 -q`` takes from its first import to its last byte, and its memory.
``--lengths``
    Whether a long piece takes as long for each bar as a short one (several minutes).
``--gpu``
    Time of many pieces of 16 bars on another device.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file: where the siblings are
from scripts.bench.sampler_agreement import agreement, held_out
from scripts.bench.sampler_networks import BARS, NETWORKS, chorale
from scripts.bench.sampler_parts import parts
from scripts.bench.sampler_sizes import gpu, lengths
from scripts.bench.sampler_speed import speed
from scripts.bench.sampler_start import start


def main() -> None:
    """Read the command line, measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speed", action="store_true", help="time of a step")
    parser.add_argument("--parts", action="store_true", help="time of each part of a step")
    parser.add_argument("--agreement", type=int, nargs="?", const=2000, metavar="N", help="frames (default: 2000)")
    parser.add_argument("--held-out", type=Path, metavar="CHORALES", help="nats of the validation pieces of a folder")
    parser.add_argument("--start", action="store_true", help="start and memory of biaxial-compose")
    parser.add_argument("--lengths", type=int, nargs="*", metavar="BARS", help="default: 16 64 250 1000")
    parser.add_argument("--gpu", action="store_true", help="time of many pieces on a device")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of all systems (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="shorter and rougher")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS), help="default: both")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 16, 128], help="default: 1 16 128")
    parser.add_argument("--seconds", type=float, help="for each system and batch (default: 2.5, with --quick 0.5)")
    parser.add_argument("--device", default="cuda", help="of --gpu (default: %(default)s)")
    many = [1, 4, 16, 64, 256, 1000, 1024, 4096]
    parser.add_argument("--pieces", type=int, nargs="+", default=many, help=f"of --gpu (default: {many})")
    parser.add_argument("--bars", type=int, default=BARS, help="of --gpu (default: %(default)s)")
    options = parser.parse_args()
    if min(options.threads, *options.batches, *options.pieces, options.bars) < 1:
        parser.error("threads, batches, pieces and bars are at least 1")
    chosen = options.speed or options.parts or options.start or options.gpu or options.held_out
    if not (chosen or options.agreement is not None or options.lengths is not None):
        options.speed, options.start, options.agreement = True, True, 256 if options.quick else 2000
    torch.set_num_threads(options.threads)
    print(f"{options.threads} CPU thread(s), PyTorch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}\n")
    if options.start:
        start(1 if options.quick else 3)
    if options.speed:
        seconds = options.seconds or (0.5 if options.quick else 2.5)
        settings = [NETWORKS[name]() for name in options.networks]
        speed(settings, options.batches, options.threads, seconds, 2 if options.quick else 5)
    if options.parts:
        parts([NETWORKS[name]() for name in options.networks], options.batches, 64 if options.quick else 512)
    if options.agreement:
        agreement(chorale(), options.agreement, options.threads)
    if options.held_out:
        held_out(chorale(), options.held_out)
    if options.lengths is not None:
        lengths(options.lengths or [16, 64, 250, 1000], 1 if options.quick else 3)
    if options.gpu:
        gpu(options.device, options.pieces, options.bars)


if __name__ == "__main__":
    main()
