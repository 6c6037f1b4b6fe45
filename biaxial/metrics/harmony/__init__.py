"""Harmony: keys by window, endings, cadences, chord templates and vocabularies, agreement of two settings."""
