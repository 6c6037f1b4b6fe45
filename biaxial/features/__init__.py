"""What the network sees: conditions known before a note is written, inputs of the time axis, inputs of the note axis."""
