"""Training: the corpus as arrays, crops and batches, the Lightning module, and the run itself."""
