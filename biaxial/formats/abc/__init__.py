"""ABC notation: fields, voices, words, and the tune they make."""
