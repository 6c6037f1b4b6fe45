"""A tune sung, hummed, whistled or played -> notes, bars and key: sound as one of the formats that are read."""
