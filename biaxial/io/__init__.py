"""Reading and writing music: MIDI files, the chorale corpus, and files that are written whole or not at all."""
