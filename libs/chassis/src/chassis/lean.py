"""Imported first by a service's process: keeps what no service needs out of its memory and time.

structlog and httpx load rich wherever it happens to be installed, for tracebacks and a command
line that no service has; stripe loads requests beside the httpx it is told to use; OpenTelemetry
loads psutil to name the process's owner: 10 MB. None in sys.modules makes an import fail as if the
package were not there (Python's import system, "The module cache").

httpcore tries ``import sniffio`` at every request, and Python looks through the whole path for what
is not installed: settled here once, a request costs 0.4 instead of 0.75 ms.
"""

import gc
import sys

for absent in ("rich", "requests", "psutil", "sniffio"):
    sys.modules.setdefault(absent, None)  # type: ignore[arg-type]

# What is imported stays: to look through it for garbage again and again took a sixth of the time
# until a service is ready. `service.run` turns the collector on.
gc.disable()
