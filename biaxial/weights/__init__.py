"""Weights files: reading, writing, and where the shipped ones lie."""
