"""What a piece is to be, before anything is drawn: outlines, known notes, constraints."""
