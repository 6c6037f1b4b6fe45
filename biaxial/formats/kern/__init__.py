"""Humdrum kern."""
