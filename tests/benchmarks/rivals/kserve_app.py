"""The third rival: KServe's Python model server as its documentation has it, one worker.

Run by `serving_rest.py`; the session callable is called in place, as in the FastAPI app.
"""

import logging
import os

from kserve import Model, ModelServer
from rival_model import load


class Predictor(Model):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.model = load(os.environ["MODEL"])
        self.ready = True

    async def predict(self, payload, headers=None, response_headers=None):
        return {"predictions": self.model(payload["instances"])}


if __name__ == "__main__":
    server = ModelServer(http_port=int(os.environ["PORT"]), workers=1, enable_grpc=False)
    for name in ("kserve.trace", "uvicorn.access"):  # a line per request is slow, and ours has none
        logging.getLogger(name).setLevel(logging.WARNING)
    server.start([Predictor("m")])
