"""Imported first by a service's process: keeps what only terminals need out of its memory.

structlog and httpx load rich wherever it happens to be installed, for tracebacks and a command
line that no service has: 5 MB in each process. None in sys.modules makes an import fail as if the
package were not there (Python's import system, "The module cache").
"""

import sys

sys.modules.setdefault("rich", None)  # type: ignore[arg-type]
