"""Reading and writing music in every format: one table of suffixes to read, one to write."""
