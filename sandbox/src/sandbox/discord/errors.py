"""Discord's refusals: a status, a numeric code, a message and, for forms, a tree of errors."""

from typing import Any

Json = dict[str, Any]


class ApiError(Exception):
    """One refusal as the REST API words it."""

    def __init__(self, status: int, code: int, message: str, errors: Json | None = None) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors

    def body(self) -> Json:
        """The JSON body of the answer."""
        body: Json = {"message": self.message, "code": self.code}
        if self.errors:
            body["errors"] = self.errors
        return body


UNKNOWN_CODES = {
    "Channel": 10003,
    "Guild": 10004,
    "Member": 10007,
    "Message": 10008,
    "Role": 10011,
    "User": 10013,
    "Webhook": 10015,
    "Interaction": 10062,
    "Application Command": 10063,
}


def unknown(thing: str) -> ApiError:
    """Nothing of this kind has the id, or the caller may not know of it."""
    code = UNKNOWN_CODES[thing]
    spelled = thing.lower() if thing == "Application Command" else thing
    return ApiError(404, code, f"Unknown {spelled}")


def unknown_emoji() -> ApiError:
    """No emoji that anybody could react with."""
    return ApiError(400, 10014, "Unknown Emoji")


def too_many(what: str, most: int, code: int) -> ApiError:
    """One more than Discord keeps."""
    return ApiError(400, code, f"Maximum number of {what} reached ({most})")


def invalid_role() -> ApiError:
    """A role that nobody can give, take or delete."""
    return ApiError(400, 50028, "Invalid Role")


def not_here() -> ApiError:
    """The channel's kind does not know this."""
    return ApiError(400, 50024, "Cannot execute action on this channel type")


def not_in_dm() -> ApiError:
    """A direct conversation does not know this."""
    return ApiError(403, 50003, "Cannot execute action on a DM channel")


def not_found() -> ApiError:
    """No such route."""
    return ApiError(404, 0, "404: Not Found")


def unauthorized() -> ApiError:
    """The token is missing or wrong."""
    return ApiError(401, 0, "401: Unauthorized")


def missing_access() -> ApiError:
    """The bot cannot see the channel."""
    return ApiError(403, 50001, "Missing Access")


def missing_permissions() -> ApiError:
    """The bot sees the channel but lacks the permission."""
    return ApiError(403, 50013, "Missing Permissions")


def dms_closed() -> ApiError:
    """The person does not take messages from the bot."""
    return ApiError(403, 50007, "Cannot send messages to this user")


def invalid_webhook_token() -> ApiError:
    """Not the webhook's token, or that of an interaction older than 15 minutes."""
    return ApiError(401, 50027, "Invalid Webhook Token")


def already_acknowledged() -> ApiError:
    """The interaction had its one first answer."""
    return ApiError(400, 40060, "Interaction has already been acknowledged.")


def empty_message() -> ApiError:
    """A message without content, embed, component or file."""
    return ApiError(400, 50006, "Cannot send an empty message")


class Form:
    """Collects what is wrong with a body, field by field, and refuses it in one answer."""

    def __init__(self) -> None:
        self._tree: Json = {}

    def refuse(self, path: str, code: str, message: str) -> None:
        """Note one error under the dotted path of the field."""
        node = self._tree
        for part in path.split("."):
            node = node.setdefault(part, {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def text(self, path: str, value: object, least: int, most: int) -> None:
        """The field must be a string of such a length."""
        if not isinstance(value, str):
            self.refuse(path, "BASE_TYPE_REQUIRED", "This field is required")
        elif not least <= len(value) <= most:
            self.length(path, least, most)

    def length(self, path: str, least: int, most: int) -> None:
        """The field is too short or too long."""
        if least:
            words = f"Must be between {least} and {most} in length."
            self.refuse(path, "BASE_TYPE_BAD_LENGTH", words)
        else:
            self.refuse(path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")

    def one_of(self, path: str, value: object, choices: tuple[int, ...]) -> bool:
        """The field must be one of the choices; says whether it is."""
        if value in choices and type(value) is int:
            return True
        words = f"Value of field must be one of {choices}."
        self.refuse(path, "BASE_TYPE_CHOICES", words)
        return False

    def whole(self, path: str, value: object, least: int, most: int) -> None:
        """The field, where given, must be an integer in the range."""
        if value is None:
            return
        if type(value) is not int or not least <= value <= most:
            words = f"int value should be between {least} and {most}."
            self.refuse(path, "NUMBER_TYPE_RANGE", words)

    def objects(self, path: str, value: object) -> list[Json]:
        """The field, where given, must be a list of objects; returns those that are."""
        if value is None:
            return []
        if not isinstance(value, list):
            self.refuse(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
            return []
        for index, item in enumerate(value):
            if not isinstance(item, dict):
                words = "Only dictionaries may be used in a DictType"
                self.refuse(f"{path}.{index}", "DICT_TYPE_CONVERT", words)
        return [item for item in value if isinstance(item, dict)]

    def an_object(self, path: str, value: object) -> Json:
        """The field, where given, must be an object; an empty one stands for anything else."""
        if value is None or isinstance(value, dict):
            return value or {}
        self.refuse(path, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        return {}

    def raise_if_refused(self) -> None:
        """End the request with 50035 where anything was refused."""
        if self._tree:
            raise ApiError(400, 50035, "Invalid Form Body", self._tree)
