"""The judge: what a piece is worth beside the pieces of a corpus, measure by measure, and what it copied."""
