"""The search of settings, ``biaxial-train --search``; :mod:`biaxial.training.search.study` says how it goes."""
