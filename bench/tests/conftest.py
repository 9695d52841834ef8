"""The bench is a folder of programs, not an installed package: let its tests find it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
