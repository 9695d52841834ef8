"""Acting as a person at a terminal: two people of the played outside world, and what they see.

It does what a client and a browser can do and nothing else: what is typed, pressed or filled in has
to be there. `./holdfast act` is its command.
"""
