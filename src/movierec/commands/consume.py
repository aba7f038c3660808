"""``movierec consume``: store the feedback that the API published."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

from movierec.commands.console import home_option, read_settings
from movierec.errors import ConfigError, FeedbackUnavailableError

if TYPE_CHECKING:
    from movierec.config import Settings


@click.command("consume", short_help="Store feedback that the API published to a broker.")
@home_option
def command(home: Path | None) -> None:
    r"""Take feedback from the broker of MOVIEREC_BROKER_URL and store it, until Ctrl-C.

    Several may run at once. One that is killed loses nothing: what it had not stored is told again, and an
    event told twice counts once. A message that can never be stored goes to the dead letters. RabbitMQ
    (amqp://), Redis (redis://) and NATS JetStream (nats://) can be the broker.

    \b
    Example:
      MOVIEREC_BROKER_URL=amqp://guest:guest@127.0.0.1:5672/ movierec consume --home data
    """
    settings = read_settings(home=home)
    if settings.broker_url is None:
        raise ConfigError("MOVIEREC_BROKER_URL must name the broker, such as amqp://user:password@host:5672/")
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    # The migrations tell at every start that there was nothing to do.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    asyncio.run(_consume(settings, settings.broker_url))


async def _consume(settings: Settings, url: str) -> None:
    from movierec.events.consumer import FeedbackConsumer
    from movierec.events.transport import name_place, open_transport
    from movierec.feedback.connection import create_engine, resolve_url
    from movierec.feedback.store import FeedbackStore

    place = settings.database_url or settings.feedback_path
    # An address that cannot be used is told now: later it would look like a fault of every message.
    create_engine(resolve_url(place)).dispose()
    transport = open_transport(url, settings.broker_queue, settings.broker_redeliver_seconds)
    FeedbackConsumer(transport, lambda dataset: FeedbackStore.open(place, dataset))

    from faststream import FastStream

    async def connect() -> None:
        try:
            await transport.connect()
        except Exception as error:
            raise FeedbackUnavailableError(
                f"the broker at {name_place(url)} cannot be reached: {type(error).__name__} {error}".strip()
            ) from error

    def announce() -> None:
        click.echo(f"storing feedback from {name_place(url)}, queue {settings.broker_queue}", err=True)

    await FastStream(transport.broker, logger=None, on_startup=[connect], after_startup=[announce]).run()
