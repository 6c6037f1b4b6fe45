"""Music as a string of tokens, and back: what the note-by-note models read and write."""
