"""Crops, batches and what is hidden or given in them."""
