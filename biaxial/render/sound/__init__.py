"""The parts of which sound is made: soundfont, tones, sampler, room, loudness, time."""
