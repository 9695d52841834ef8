"""The outside world, played by one process: Stripe, Roblox and Discord, with books of its own."""
