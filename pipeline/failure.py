"""A failed node in words: what failed, where in the user's code, what to try."""

import re
import sysconfig
from pathlib import Path

_PROJECT = Path(__file__).parent.parent
_FRAME = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<name>.+)\n\s+(?P<code>.+)')

_LAST_WORDS = re.compile(r"^(?:\w+\.)*(?P<error>\w*(?:Error|Exception)): ", re.MULTILINE)

_HINTS = (
    (
        r"Channel closed prematurely|a worker process ended in the middle",
        "A worker process ended in the middle of its work. If it was killed for its memory (`dmesg` "
        "says so), use fewer workers (engine.workers, engine.parallelism), then resume.",
    ),
    (
        r"StatusCode.UNAVAILABLE|Connection refused|failed to connect to all addresses",
        "The cluster went away: `python -m pipeline cluster status`, then resume.",
    ),
    (r"No space left on device", "The disk is full: free some space (`df -h`), then resume."),
    (
        r"ModuleNotFoundError: No module named",
        "Is the module on PYTHONPATH, beside the configuration, or installed in this environment?",
    ),
    (
        r"MemoryError|ResourceExhausted|OOM|Cannot allocate memory",
        "Out of memory: a smaller train.batch_size needs less.",
    ),
    (r"database is locked", "Another process has metadata.sqlite open; stop it, then resume."),
    (
        r"Permission denied|Read-only file system",
        "The output folder must be writable; choose another with --root.",
    ),
    (r"loss.*nan|nan.*loss", "The loss became NaN: try a lower train.learning_rate."),
    (
        r"No such file or directory",
        "A file that an earlier node wrote is gone; `--force` makes it again.",
    ),
)


def explain(error: str, message: str, traceback: str) -> tuple[str, str, str]:
    """(what, where, hint) of a failure.

    Args:
      error: the exception's type.
      message: its text.
      traceback: the formatted traceback.

    Returns:
      What happened in at most 25 lines; the innermost frame of the user's code, else of ours, as
      `file:line in function: code`, empty when neither took part; a hint, or an empty string.
    """
    error, message = _from_elsewhere(error, message)
    text = re.sub(r" \[while running '[^']*'\]$", "", message.strip())
    # What TensorFlow's AutoGraph and Keras wrap around a message that has its own words.
    text = re.sub(r"^in user code:\s+", "", text.strip())
    lines = text.strip().splitlines() or [error]
    if len(lines) > 25:
        lines = [*lines[:25], f"… ({len(lines) - 25} more lines in log.txt)"]
    what = f"{error}: " + "\n".join(lines) if error not in lines[0] else "\n".join(lines)
    hint = next((text for pattern, text in _HINTS if re.search(pattern, traceback + message)), "")
    return what, _frame(traceback), hint


def _from_elsewhere(error: str, message: str) -> tuple[str, str]:
    """A job that failed on a cluster comes with the traceback from there: only its last words."""
    if "Traceback (most recent call last)" not in message:
        return error, message
    found = list(_LAST_WORDS.finditer(message))
    return (found[-1]["error"], message[found[-1].end() :]) if found else (error, message)


def _frame(traceback: str) -> str:
    library = (sysconfig.get_paths()["purelib"], sysconfig.get_paths()["stdlib"])
    ours = theirs = ""
    for match in _FRAME.finditer(traceback):
        file = match["file"]
        # AutoGraph's copies are nobody's code; the frame they were made from stands in the message.
        if file.startswith((*library, "<")) or "__autograph_generated_file" in file:
            continue
        place = f"{file}:{match['line']} in {match['name']}: {match['code'].strip()}"
        if Path(file).is_relative_to(_PROJECT):
            ours = place
        else:
            theirs = place
    return theirs or ours
