"""The commands: one thin file each, options out of dataclasses, work done by the rooms below."""
