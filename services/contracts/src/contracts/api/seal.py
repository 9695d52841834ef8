"""The certificate by which anybody checks the seal on a document, without asking us about it."""

from __future__ import annotations

from chassis.http.routes import Router
from fastapi import Request, Response

PEM = "application/pem-certificate-chain"

router = Router(tags=["contracts"])


@router.get(
    "/.well-known/contract-seal.pem",
    response_class=Response,
    responses={200: {"content": {PEM: {"schema": {"type": "string"}}}}},
)
async def seal_certificate(request: Request) -> Response:
    """Fetch the certificate of the seal that every contract carries, and of who issued it."""
    headers = {"Cache-Control": "public, max-age=300"}
    return Response(request.app.state.seal, media_type=PEM, headers=headers)
