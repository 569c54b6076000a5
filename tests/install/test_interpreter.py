"""Which Python is chosen, and the sentences when there is none."""

import sys
from collections.abc import Callable

import pytest

from install.interpreter import ask, find
from install.platforms import Interpreter, Refused

NEW, OLD = (3, 12, 3), (3, 10, 1)
Asking = Callable[[str], Interpreter | None]


def only(*known: Interpreter) -> Asking:
    """A machine that has these Pythons and no other."""
    return lambda command: next((python for python in known if python.path == command), None)


def test_asks_this_python() -> None:
    answer = ask(sys.executable)
    assert answer is not None
    assert answer.version == sys.version_info[:3]
    assert answer.path == getattr(sys, "_base_executable", sys.executable)  # not the environment's


def test_what_does_not_start_is_no_python() -> None:
    assert ask("/nonexistent/python3") is None
    assert ask("/bin/false") is None


def test_the_named_one_is_used() -> None:
    wanted = Interpreter("/opt/python", NEW)
    assert find({"PYTHON": "/opt/python", "PATH": ""}, None, only(wanted)) == wanted


@pytest.mark.parametrize(
    ("python", "sentence"),
    [
        (Interpreter("/opt/python", OLD), r"PYTHON=/opt/python is Python 3\.10\.1"),
        (Interpreter("/opt/python", (3, 13, 0)), "supported are Python 3.11 and 3.12"),
        (Interpreter("/opt/python", NEW, implementation="pypy"), r"is pypy 3\.12\.3"),
        (Interpreter("/opt/python", NEW, has_venv=False), "apt-get install python3.12-venv"),
        (Interpreter("/elsewhere", NEW), "does not start"),
    ],
)
def test_the_named_one_is_refused(python: Interpreter, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        find({"PYTHON": "/opt/python", "PATH": ""}, None, only(python))


def test_the_running_one_comes_first() -> None:
    running = Interpreter(sys.executable, (3, 11, 2))
    assert find({"PATH": ""}, None, only(running)) == running


def test_only_unsupported_ones() -> None:
    with pytest.raises(Refused, match=r"found was Python 3\.10\.1.*apt-get install python3-venv"):
        find({"PATH": ""}, None, only(Interpreter(sys.executable, OLD)))


def test_venv_is_missing() -> None:
    bare = Interpreter(sys.executable, (3, 11, 2), has_venv=False)
    with pytest.raises(Refused, match=r"its venv module.*apt-get install python3\.11-venv"):
        find({"PATH": ""}, None, only(bare))


def test_uv_makes_up_for_a_missing_venv() -> None:
    bare = Interpreter(sys.executable, (3, 11, 2), has_venv=False)
    assert find({"PATH": ""}, "uv", only(bare)) == bare
