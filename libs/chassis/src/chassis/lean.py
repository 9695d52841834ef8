"""Imported first by a service's process: keeps what only terminals need out of its memory.

structlog and httpx load rich wherever it happens to be installed, for tracebacks and a command
line that no service has: 5 MB in each process. None in sys.modules makes an import fail as if the
package were not there (Python's import system, "The module cache").

httpcore tries ``import sniffio`` at every request, and Python looks through the whole path for what
is not installed: settled here once, a request costs 0.4 instead of 0.75 ms.
"""

import sys

for absent in ("rich", "sniffio"):
    sys.modules.setdefault(absent, None)  # type: ignore[arg-type]
