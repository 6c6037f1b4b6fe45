"""What the network sees: conditions known before a note is written, and the inputs of its two axes."""
