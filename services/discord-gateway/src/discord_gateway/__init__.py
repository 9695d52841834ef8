"""discord-gateway: turns what people do in Discord into commands, and shows what it is told.

It answers Discord at once, holds no rule and no money, and is the only process with the token.
"""
