"""Positive feedback: training goes on with the best pieces that the network composed."""
