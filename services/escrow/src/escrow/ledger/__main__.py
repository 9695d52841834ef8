"""``python -m escrow.ledger check``: the same as ``python -m escrow.ledger.check``."""

import sys

from escrow.ledger.check import main

if sys.argv[1:] != ["check"]:
    print(__doc__, file=sys.stderr)
    raise SystemExit(2)
raise SystemExit(main())
