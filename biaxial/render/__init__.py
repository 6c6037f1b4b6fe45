"""Pictures of music and of what a network makes of it."""
