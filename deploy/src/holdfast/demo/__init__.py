"""One whole trade from outside: through Discord's wire protocol, over REST, or mixed.

The demo, the end-to-end tests, the fault rig and the bench all drive the system with this.
It knows no service from within: only HTTP, the broker's events and the outside world's controls.
"""
