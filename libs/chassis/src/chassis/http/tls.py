"""Whom a process's HTTP clients trust."""

import functools
import ssl

import httpx


@functools.cache
def trusted() -> ssl.SSLContext:
    """The authorities' certificates, read once: 20 ms that every client would spend by itself."""
    return httpx.create_ssl_context()
