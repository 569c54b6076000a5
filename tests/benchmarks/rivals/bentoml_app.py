"""The other rival: a BentoML service as its documentation has it, with the session callable.

Run by `serving_rest.py` in production mode with one worker.
"""

import os
from typing import Any

import bentoml
from rival_model import load


@bentoml.service(workers=1, metrics={"enabled": False}, logging={"access": {"enabled": False}})
class Predictor:
    def __init__(self) -> None:
        self.model = load(os.environ["MODEL"])

    @bentoml.api(route="/predict")
    async def predict(self, instances: list[Any]) -> list[Any]:
        return self.model(instances)
