"""``python -m biaxial``: the command ``biaxial``, where its script is not on the path."""

import sys

from biaxial.cli.verbs import main

if __name__ == "__main__":  # not in the processes that a verb starts
    sys.exit(main())
