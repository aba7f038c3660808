"""Who may reach the API: this machine alone, or whoever has the key."""

from __future__ import annotations

import ipaddress

from movierec.config import Settings
from movierec.errors import ConfigError


def read_api_key(settings: Settings, *, hosted: bool = False) -> str | None:
    """Return the API key, if one is set; raises ``ConfigError`` where the address demands one.

    ``hosted`` demands none: inside a model container the platform decides who may call.
    """
    key = settings.api_key.get_secret_value() if settings.api_key else ""
    if not key and not hosted and not is_loopback(settings.host):
        raise ConfigError(
            f"host {settings.host!r} can be reached from other machines: set MOVIEREC_API_KEY, "
            "or MOVIEREC_HOST=127.0.0.1"
        )
    return key or None


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
