"""What the compiled stepper runs for every frame and every cell, compiled by numba and cached on disk.

numba notices a change of a cached kernel's own file alone, so that a kernel calls nothing of another file but
:mod:`biaxial.sampling.kernels.functions`.
"""
