"""The networks, their configs and presets, and the files that hold their weights."""
