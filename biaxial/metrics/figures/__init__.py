"""Figures of sets of pieces: rates with standard errors, plain statistics, loops, and tables of them."""
