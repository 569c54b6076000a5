"""Beam's own job service with as many workers as a job asks for: the real Job API without a JVM.

Beam's starts one worker whatever `--direct_num_workers` says; nothing would be distributed.

    python -m pipeline.local_cluster.job_service --port 8099 --staging FOLDER
"""

import argparse
import logging
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from apache_beam.options.pipeline_options import DirectOptions
from apache_beam.portability.api import beam_job_api_pb2
from apache_beam.runners.portability import local_job_service
from apache_beam.runners.portability.fn_api_runner import fn_runner

from pipeline.engines import lost_workers


class Job(local_job_service.BeamJob):
    """A job whose stages are cut into a part per worker."""

    def _invoke_runner(self) -> Any:
        self.set_state(beam_job_api_pb2.JobState.RUNNING)
        options = self.pipeline_options()
        runner = fn_runner.FnApiRunner(provision_info=self._provision_info)
        # Over the Job API a number arrives as text.
        runner._num_workers = int(options.view_as(DirectOptions).direct_num_workers or 1)
        return runner.run_via_runner_api(self._pipeline_proto, options)


def main(argv: list[str]) -> int:
    """Serves until it is told to stop."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--staging", type=Path, required=True)
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO)
    lost_workers.watch()
    options.staging.mkdir(parents=True, exist_ok=True)
    service = local_job_service.LocalJobServicer(str(options.staging), Job)
    service.start_grpc_server(options.port)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    stopped.wait()
    service.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
