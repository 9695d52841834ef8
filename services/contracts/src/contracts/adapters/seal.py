"""Seals a PDF: a PAdES signature by the platform over the whole file, which ends with it.

The same document, key and moment give the same bytes, so that a repetition makes no second
document. Imported by the PDF worker only: pyHanko costs more than 30 MB of memory.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
from datetime import datetime
from functools import cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from pyhanko.keys.pemder import load_certs_from_pemder_data
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko_certvalidator.registry import SimpleCertificateStore

from contracts.adapters import seal_key

DIGEST = "sha256"
ROOM = 4_096
"""Bytes for the signature beside its certificates; what it leaves of them stays zero."""
_HOW = signers.PdfSignatureMetadata(
    field_name="Seal",
    md_algorithm=DIGEST,
    subfilter=SigSeedSubFilter.PADES,
    certify=True,
    docmdp_permissions=MDPPerm.NO_CHANGES,
    reason="This document was made by Holdfast and was not changed since",
)


def seal(pdf: bytes, pem: str, at: datetime) -> bytes:
    """The document and, after its last byte, the seal."""
    return asyncio.run(_sealed(pdf, _signer(pem), at))


class _Signer(signers.Signer):
    """Signs by RSA with PKCS #1 v1.5, which gives the same signature every time."""

    def __init__(self, key: seal_key.SealKey) -> None:
        own, *others = load_certs_from_pemder_data(key.published.encode())
        registry = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        registry.register_multiple(others)
        super().__init__(signing_cert=own, cert_registry=registry)
        self._private = key.private
        self.digits = 2 * (ROOM + sum(len(each.dump()) for each in (own, *others)))

    async def async_sign_raw(
        self, data: bytes, digest_algorithm: str, dry_run: bool = False
    ) -> bytes:
        return self._private.sign(data, PKCS1v15(), hashes.SHA256())


class _Writer(IncrementalPdfFileWriter):
    """Adds the seal and nothing else: no random id, no time of its own."""

    @classmethod
    def _handle_id(cls, prev: PdfFileReader) -> generic.ArrayObject:
        """The file's first id stays; the second follows from its bytes."""
        prev.stream.seek(0)
        content = hashlib.sha256(prev.stream.read()).digest()
        return generic.ArrayObject([prev.trailer["/ID"][0], generic.ByteStringObject(content[:16])])

    def _update_meta(self) -> None:
        """Leave the metadata, PDF/A's marks among them, as typst wrote it."""


@cache
def _signer(pem: str) -> _Signer:
    return _Signer(seal_key.read(pem))


async def _sealed(pdf: bytes, signer: _Signer, at: datetime) -> bytes:
    writer = _Writer(io.BytesIO(pdf))
    session = signers.PdfSigner(_HOW, signer).init_signing_session(writer)
    session.system_time = at
    document = session.prepare_tbs_document(None, signer.digits)
    output = io.BytesIO()
    digest, _ = document.digest_tbs_document(output=output)
    signed_at = PdfCMSSignedAttributes(signing_time=at)
    made = await document.perform_signature(digest.document_digest, signed_at)
    await made.post_signature_processing(output)
    return output.getvalue()
