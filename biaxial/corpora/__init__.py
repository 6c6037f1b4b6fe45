"""Collections of music: folders and their splits, the chorales, folk songs, corpora as arrays."""
