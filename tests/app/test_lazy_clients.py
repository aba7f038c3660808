"""What only clusters need is not loaded, nor asked for, where one process does everything."""

from __future__ import annotations

import subprocess
import sys


def test_the_default_loads_no_client_of_a_broker_or_cache(tmp_path):
    code = (
        "import sys\n"
        "import app.main, app.server, movierec.cli\n"
        "from movierec.config import Settings\n"
        "app.main.create_app(Settings(home=sys.argv[1]))\n"
        "heavy = {'faststream', 'aio_pika', 'nats', 'redis', 'psycopg', 'movierec.events.transport'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[]"


def test_the_api_loads_what_fetches_posters_only_with_a_token(tmp_path):
    code = (
        "import sys\n"
        "import app.main, app.server\n"
        "from movierec.config import Settings\n"
        "app.main.create_app(Settings(home=sys.argv[1], tmdb_token=sys.argv[2] or None))\n"
        "print(sorted({'PIL', 'requests'} & set(sys.modules)))\n"
    )
    loaded = [
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path), token],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout.strip()
        for token in ("", "a-token-of-some-length")
    ]
    assert loaded == ["[]", "['PIL', 'requests']"]
