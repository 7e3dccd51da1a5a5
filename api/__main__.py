"""`python -m longthink` is the `longthink` command."""

import sys

from longthink.commands import main

sys.exit(main())
