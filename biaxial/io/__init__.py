"""Reading and writing music: MIDI, printed music, documents, chords, the corpus; files written whole or not at all."""
