"""The rules of part writing: voice leading, dissonance, leading tones, and where they are broken."""
