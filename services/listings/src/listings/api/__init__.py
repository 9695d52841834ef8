"""REST in: a file of routes for each noun."""

from listings.api import draft, listing, offer, watch

ROUTERS = (listing.router, offer.router, draft.router, watch.router)
