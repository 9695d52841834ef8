"""Make `sandbox` the package under `src/`, not this folder of the same name.

pytest's importlib mode names this file `sandbox.conftest` and so takes the folder for the package;
that entry is replaced here, before any test imports.
"""

import importlib
import sys

if getattr(sys.modules.get("sandbox"), "__file__", None) is None:
    sys.modules.pop("sandbox", None)
    importlib.import_module("sandbox")
