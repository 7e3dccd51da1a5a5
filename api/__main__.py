"""`python -m longthink`."""

import sys

from longthink.commands.cli import main

sys.exit(main())
