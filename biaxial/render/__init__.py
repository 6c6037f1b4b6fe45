"""Pictures and sounds of a score: pages of music."""
