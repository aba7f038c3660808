"""Print the dependencies of a pyproject.toml, one a line, for a layer that does not change with the code.

``list_dependencies.py FILE [EXTRA…]``: with those of the extras.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path(sys.argv[1]).read_text("utf-8"))["project"]
extras = [project["optional-dependencies"][extra] for extra in sys.argv[2:]]
for requirement in sum(extras, project["dependencies"]):
    print(requirement)
