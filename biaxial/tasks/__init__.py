"""What people ask for: scores in, scores out. The drawing itself is in ``sampling``, which speaks tensors."""
