"""Who may reach the API, and by which name: this machine alone, or whoever has the key."""

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


def read_admin_key(settings: Settings) -> str | None:
    """Return the key of admin actions, if one is set; raises ``ConfigError`` where it is the API key, too."""
    key = settings.admin_key.get_secret_value() if settings.admin_key else ""
    if key and settings.api_key and key == settings.api_key.get_secret_value():
        raise ConfigError(
            "MOVIEREC_ADMIN_KEY and MOVIEREC_API_KEY must differ: callers are not administrators"
        )
    return key or None


def list_hosts(settings: Settings) -> frozenset[str] | None:
    """Return the names beside loopback's own by which requests may address the API; None for any name.

    Without this a page of the web could point a name of its own at 127.0.0.1 and read the answers as its own
    (DNS rebinding). An API that others reach is called by names it cannot know, and has its key.
    """
    if not is_loopback(settings.host):
        return None
    return frozenset(
        name.strip().lower() for name in (settings.allowed_hosts or "").split(",") if name.strip()
    )


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
