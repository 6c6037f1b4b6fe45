"""The compiled stepper, and weights laid out for it."""
