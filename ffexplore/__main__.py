"""``python -m ffexplore``: the command line."""

import sys

from ffexplore.cli import main

sys.exit(main())
