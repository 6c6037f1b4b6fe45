"""Measures of music: voice leading, harmony, plain statistics, and the tables made of them.

Every measure reads a :class:`~biaxial.music.score.Score`. Those that speak of voices want each note to carry one and at
most one note at a time in each voice; music that comes without voices gets them from
:func:`biaxial.music.parts.assign_voices` first.
"""
