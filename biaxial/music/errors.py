"""The error that every wrong input ends in."""


class InputError(ValueError):
    """Something that a user gave cannot be used.

    Its message is one line that names the value, says what was expected and what to do. A command prints that line and
    ends with status 2.
    """
