"""The rival: a FastAPI app as lean as it gets, with orjson and the session callable.

Run by `serving_rest.py` with uvicorn, httptools and uvloop, one process. The endpoint is `async` and
calls the model in place, which measured faster than FastAPI's thread pool.
"""

import os

import orjson
from fastapi import FastAPI, Request, Response
from rival_model import load

model = load(os.environ["MODEL"])
app = FastAPI()


@app.post("/v1/models/m:predict")
async def predict(request: Request):
    body = orjson.loads(await request.body())
    answer = {"predictions": model(body["instances"])}
    return Response(orjson.dumps(answer), media_type="application/json")
