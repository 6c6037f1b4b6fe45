"""Files whatever is in them: written whole or not at all, limits, caches, arrays, JSON values."""
