"""What the compiled stepper runs for every frame and every cell, written for numba.

Drawing imports the tables alone: what it runs is the machine code of these functions (:mod:`.machine_code`), which is
made again when a file here changes.
"""
