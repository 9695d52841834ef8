"""What a person's client would not let happen, said clearly to whoever drives the person."""


class Refused(Exception):
    """The act is impossible for this person; carries a status and the cause."""

    def __init__(self, status: int, cause: str) -> None:
        super().__init__(cause)
        self.status = status
        self.cause = cause
