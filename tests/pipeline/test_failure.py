"""pipeline/failure.py: the user's frame first, a hint where one is known."""

import sysconfig

from pipeline.failure import explain

LIBRARY = sysconfig.get_paths()["purelib"]
TRACEBACK = f'''Traceback (most recent call last):
  File "{LIBRARY}/tfx/launcher.py", line 1, in launch
    self.run()
  File "/home/me/my_pkg/model.py", line 7, in build
    return keras.Dense(3)
  File "{LIBRARY}/keras/layers.py", line 9, in __init__
    raise ValueError("no")
ValueError: no
'''


def test_the_frame_shown_is_the_users_own() -> None:
    what, where, _ = explain("ValueError", "no", TRACEBACK)
    assert what == "ValueError: no"
    assert where == "/home/me/my_pkg/model.py:7 in build: return keras.Dense(3)"


def test_beams_wrapping_is_taken_off() -> None:
    what, _, _ = explain("RuntimeError", "broken [while running 'Run[Trainer]']", "")
    assert what == "RuntimeError: broken"


def test_a_flood_is_cut_and_says_so() -> None:
    what, _, _ = explain("ValueError", "\n".join(f"line {i}" for i in range(100)), "")
    assert what.count("\n") == 25
    assert "75 more lines in log.txt" in what


def test_a_full_disk_has_a_hint() -> None:
    _, _, hint = explain("OSError", "[Errno 28] No space left on device", "")
    assert "disk is full" in hint


def test_an_unknown_failure_has_no_invented_hint() -> None:
    assert explain("ValueError", "strange", "")[2] == ""


def test_a_job_that_failed_on_a_cluster_says_what_its_worker_said() -> None:
    message = """Pipeline job-1 failed in state FAILED: Error running pipeline.
Traceback (most recent call last):
  File "/x/local_job_service.py", line 293, in _run_job
    self.result = self._invoke_runner()
RuntimeError: Traceback (most recent call last):
  File "/x/sdk_worker.py", line 10, in do
    raise
data.reading.errors.DataError: shop.csv, line 3: 5 fields, expected 4. [while running 'FindTypes']

"""
    what, _, _ = explain("RuntimeError", message, "")
    assert what == "DataError: shop.csv, line 3: 5 fields, expected 4."


def test_a_lost_worker_has_a_hint() -> None:
    message = (
        "Error.\nTraceback (most recent call last):\nRuntimeError: Channel closed prematurely.\n"
    )
    what, _, hint = explain("RuntimeError", message, "")
    assert what == "RuntimeError: Channel closed prematurely."
    assert "killed for its memory" in hint and "engine.workers" in hint
