"""Reading a folder of music in parallel, with a verdict for every file."""
