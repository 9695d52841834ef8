"""What verification needs from its environment."""

from chassis.http.callers import AnswersServices
from pydantic import Field


class Settings(AnswersServices):
    """The service's settings."""

    roblox_api_base: str = Field(default="https://{host}.roblox.com", pattern=r"\{host\}")
    ownership_cache_s: int = 24 * 3600
