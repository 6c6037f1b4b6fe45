"""A run: its settings, its folder, the Lightning module, callbacks, devices."""
