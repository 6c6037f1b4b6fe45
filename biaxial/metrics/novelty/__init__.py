"""Passages that a piece shares with a corpus, up to transposition."""
