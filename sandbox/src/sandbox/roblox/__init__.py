"""Roblox, played: OAuth with PKCE, the web APIs that tell who owns a game, and handovers."""

from sandbox.roblox.party import Roblox, build

__all__ = ["Roblox", "build"]
