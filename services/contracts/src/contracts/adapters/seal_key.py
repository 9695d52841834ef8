"""The platform's seal as it is configured: a private key and the certificates that vouch for it."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

LEAST_BITS = 2048
_HOW = (
    "HOLDFAST_SEAL must hold, as PEM, an RSA private key of at least 2048 bits without a"
    " passphrase, its certificate, and the certificates of who issued it, if others did"
)


@dataclass(frozen=True, slots=True)
class SealKey:
    """The key that seals documents, and the certificates by which anybody checks the seal."""

    private: RSAPrivateKey
    certificates: tuple[x509.Certificate, ...]
    """The seal's own first."""

    @property
    def published(self) -> str:
        """The certificates as PEM."""
        pem = (each.public_bytes(serialization.Encoding.PEM) for each in self.certificates)
        return b"".join(pem).decode()


def read(pem: str) -> SealKey:
    """The seal in this PEM; says what is wrong with another."""
    try:
        private = serialization.load_pem_private_key(pem.encode(), password=None)
        certificates = tuple(x509.load_pem_x509_certificates(pem.encode()))
    except (ValueError, TypeError) as error:
        raise ValueError(_HOW) from error
    if not isinstance(private, RSAPrivateKey) or private.key_size < LEAST_BITS:
        raise ValueError(_HOW)
    if certificates[0].public_key() != private.public_key():
        raise ValueError("the first certificate in HOLDFAST_SEAL is not that of its private key")
    return SealKey(private, certificates)
