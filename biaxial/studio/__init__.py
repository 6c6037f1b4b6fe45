"""The studio: a page on which a musician writes, hears, locks and redoes, and the server behind it."""
