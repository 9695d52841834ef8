"""Discord in: commands, buttons and forms, each answered at once and handed on."""
