"""Facts of music, with no files: scores, grids, cells, rolls, voices, keys, spelling, chord symbols."""
