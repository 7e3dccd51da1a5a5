"""`python -m longthink`."""

import sys

from longthink.cli import main

sys.exit(main())
