"""Measure the chorales for the package: ``python scripts/make/make_reference.py chorales``.

Writes what pieces are judged against without a corpus at hand, ``biaxial/assets/bach.npz``: measures of the training
chorales at four lengths, nats of the validation chorales under the shipped weights, and hashes of passages. No music is
in it. Takes a minute and a half on one core; to be run again whenever a measure or the shipped weights change.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np

from biaxial.corpora.reading.music_folder import read_folder
from biaxial.files.atomic import atomic_write
from biaxial.judge.reference import measure_corpus, shipped_path
from biaxial.tasks.loading import load_model


def main() -> None:
    """Read the command line, measure, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chorales", type=Path, help="what biaxial-chorales wrote")
    parser.add_argument("--output", type=Path, default=shipped_path())
    options = parser.parse_args()
    items, _ = read_folder(options.chorales)
    named = [replace(item, name=item.name.split("/")[-1]) for item in items]
    buffer = BytesIO()
    found = measure_corpus("Bach", named, network=load_model().teller())
    np.savez_compressed(buffer, **found.to_arrays())  # type: ignore[arg-type]
    atomic_write(options.output, buffer.getvalue())
    print(f"{options.output}: {len(named)} chorales, {len(buffer.getvalue())} bytes")


if __name__ == "__main__":
    main()
