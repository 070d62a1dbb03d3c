"""``python -m bitnet_hw``: the command line."""

import sys

from bitnet_hw.cli import main

if __name__ == "__main__":
    sys.exit(main())
