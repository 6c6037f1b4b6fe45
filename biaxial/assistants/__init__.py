"""What an assistant may ask for: tools with typed arguments, and files below one folder only."""
