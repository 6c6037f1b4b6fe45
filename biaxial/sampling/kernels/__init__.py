"""What the compiled stepper runs for every frame and every cell, compiled by numba and cached on disk.

numba looks for changes in a cached kernel's own file alone (``time_step.py``, ``tiles.py``, ``walk.py``). After a
change of another file here remove ``__pycache__``; the tests keep a cache for each version.
"""
