"""Exact nats: of frames, cells and notes, of a corpus, and what they say of each note."""
