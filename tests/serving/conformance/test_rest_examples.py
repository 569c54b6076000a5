"""Classify and regress over REST."""

import pytest

MODEL = "/v1/models/half_plus_two"


def ask(rest, verb, signature, **body):
    return rest.post(f"{MODEL}:{verb}", {"signature_name": signature, **body})


def test_regress(rest):
    answer = ask(rest, "regress", "regress_x_to_y", examples=[{"x": 1.0}, {"x": [2.0]}])
    assert answer.body == b'{\n    "results": [2.5, 3.0]\n}'


def test_classify(rest):
    examples = [{"x": 1.0}, {"x": 20.0}]
    answer = ask(rest, "classify", "classify_x_to_y", examples=examples)
    assert answer.body == b'{\n    "results": [[["", 2.5]], [["", 12.0]]\n    ]\n}'
    answer = ask(rest, "classify", "classify_labels", examples=examples)
    assert answer.json() == {"results": [[["low", 2.5]], [["high", 12.0]]]}
    answer = ask(rest, "classify", "classify_classes_only", examples=examples)
    assert answer.json() == {"results": [[["low", 0.0]], [["high", 0.0]]]}


def test_context(rest):
    answer = ask(rest, "regress", "regress_x_to_y", context={"x": 1.0}, examples=[{}, {"x": 2.0}])
    assert answer.json() == {"results": [2.5, 3.0]}


def test_predict_on_these_signatures(rest):
    answer = rest.post(
        f"{MODEL}:predict",
        {"signature_name": "regress_x_to_y", "instances": [{"b64": "ChAKDgoBeBIJEgcKBQAAAIA/"}]},
    )
    assert answer.status in (200, 400)


@pytest.mark.parametrize(
    ("verb", "signature", "body", "part"),
    [
        ("regress", "nope", {"examples": [{}]}, "No signature was found with the name: nope"),
        ("regress", "serving_default", {"examples": [{}]}, "No regression inputs found in "),
        ("classify", "serving_default", {"examples": [{}]}, "No classification inputs found in "),
        ("classify", "regress_x_to_y", {"examples": [{"x": 1.0}]}, "to contain at least one of "),
        ("regress", "classify_labels", {"examples": [{"x": 1.0}]}, "Expected one output Tensor."),
        (
            "regress", "regress_x_to_y", {"examples": [{"x": 2}]},
            "Data types don't match. Data type: int64 but expected type: float",
        ),
        (
            "regress", "regress_x_to_y", {"examples": [{}]},
            "Feature: x (data type: float) is required but could not be found.",
        ),
        (
            "regress", "regress_x_to_y", {"examples": [{"x": [1.0, 2.0]}]},
            "Number of float values != expected.  Values size: 2 but output shape: [1]",
        ),
        ("regress", "regress_x_to_y", {}, "key 'examples' is expected and was not found"),
        ("classify", "classify_x_to_y", {"examples": []}, "'examples' value is an empty array"),
    ],
)  # fmt: skip
def test_errors(rest, verb, signature, body, part):
    answer = ask(rest, verb, signature, **body)
    assert answer.status == 400
    assert part in answer.error


def test_the_body_is_parsed_before_the_model_is_looked_up(rest):
    answer = rest.post("/v1/models/none:classify", {})
    assert answer.status == 400
    answer = rest.post("/v1/models/none:classify", {"examples": [{}]})
    assert (answer.status, answer.error) == (404, "Servable not found for request: Latest(none)")


def test_multiple_inputs_cannot_classify(rest):
    answer = rest.post("/v1/models/zoo:classify", {"examples": [{}]})
    assert (answer.status, answer.error) == (400, "Expected one input Tensor.")
