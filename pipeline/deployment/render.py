"""Fills in the templates of `serving/deploy/`: text in, text out, nothing that a name could break.

Every value stands between double quotes or is a number. Between double quotes YAML and text
protos escape alike, so one way of writing serves both; docker compose also reads `$`.
"""

import hashlib
import re
import string
from pathlib import Path

from pipeline.deployment.config import DeploySection

TEMPLATES = Path(__file__).parents[2] / "serving" / "deploy"
COMPOSE = "docker-compose.yaml"
_LONGEST = 50
"""Kubernetes allows 63 characters, and `-serving` is added."""


def render(name: str, directory: Path, section: DeploySection) -> dict[str, str]:
    """Every file by its name.

    Args:
      name: the model's, in `/v1/models/NAME`.
      directory: the folder with its version directories, absolute.
      section: the rest.
    """
    values: dict[str, str | int] = {
        "model_name": name,
        "kubernetes_name": kubernetes_name(name),
        "directory": str(directory),
        **section.model_dump(),
    }
    values["storage_uri"] = section.storage_uri or f"pvc://{section.volume_claim}/{name}"
    files = sorted(file for file in TEMPLATES.iterdir() if file.suffix in (".config", ".yaml"))
    return {file.name: _fill(file, values) for file in files}


def kubernetes_name(name: str) -> str:
    """The model's name as Kubernetes takes one: lower case, digits and `-`, a letter first, short.

    Where that takes something away, a hash keeps two names apart.
    """
    plain = re.sub(r"[^a-z0-9-]", "-", name.lower()).strip("-")
    if plain == name and plain[0].isalpha() and len(plain) <= _LONGEST:
        return plain
    digest = hashlib.sha256(name.encode()).hexdigest()[:6]
    plain = plain if plain[:1].isalpha() else f"model-{plain}"
    return f"{plain[: _LONGEST - 7].strip('-')}-{digest}"


def _fill(template: Path, values: dict[str, str | int]) -> str:
    written = {key: _quoted(value, template.name) for key, value in values.items()}
    return string.Template(template.read_text(encoding="utf-8")).substitute(written)


def _quoted(value: str | int, file: str) -> str:
    """A value as it stands between double quotes."""
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    text = text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return text.replace("$", "$$") if file == COMPOSE else text
