"""REST in: a file of routes for each noun."""

from verification.api import asset, snapshot, verification

ROUTERS = (asset.router, verification.router, snapshot.router)
