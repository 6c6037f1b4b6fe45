"""Drawing what has been planned: options, the model's loop over batches, streams, and choosing among candidates."""
