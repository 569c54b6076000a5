"""Which model a candidate must not be worse than: the latest blessed one that is not itself, unless
the configuration chooses the model of a run.

TFX's own strategy also returns the candidate once it has been blessed, so that a run with nothing
changed evaluates the model against itself. Leaving the candidate out keeps that run's inputs the
same, and it is served from the cache. A model whose blessing was taken back (`pipeline rollback`)
stays out even if another evaluation blessed it again, and so does one that a server could not serve:
nobody uses it, and its quality must not keep back a model that can be used.
"""

from typing import Any

from tfx.components.evaluator import constants
from tfx.dsl.components.common import resolver
from tfx.dsl.io import fileio

from components.evaluator.blessing import REVOKED

_ASKED = "asked"
"""Custom property of our InfraBlessing: 1 where a server was asked."""


class LatestBlessedOther(resolver.ResolverStrategy):
    """Resolver strategy over all of `model`, `model_blessing`, `infra_blessing`, and `candidate`.

    Args:
      model: id of the model to compare with instead, blessed or not; 0: the latest blessed one.
    """

    def __init__(self, model: int = 0) -> None:
        self._model = model

    def resolve_artifacts(
        self, store: Any, input_dict: dict[str, list[Any]]
    ) -> dict[str, list[Any]] | None:
        """Returns at most one `model` and its `model_blessing`; `candidate` passes through."""
        blessings: dict[int, Any] = {}
        barred = {artifact.id for artifact in input_dict["candidate"]}
        barred |= _unservable(input_dict.get("infra_blessing", []))
        for blessing in sorted(input_dict["model_blessing"], key=lambda artifact: artifact.id):
            model_id = blessing.get_int_custom_property(
                constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY
            )
            if blessing.get_string_custom_property(REVOKED):
                barred.add(model_id)
            elif (
                blessing.get_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY)
                == constants.BLESSED_VALUE
            ):
                blessings[model_id] = blessing
        chosen: dict[str, list[Any]] = {
            "model": [],
            "model_blessing": [],
            "infra_blessing": [],
            "candidate": input_dict["candidate"],
        }
        if self._model:
            chosen["model"] = [item for item in input_dict["model"] if item.id == self._model]
            return chosen
        for model in sorted(input_dict["model"], key=lambda artifact: artifact.id, reverse=True):
            if model.id in blessings and model.id not in barred and fileio.exists(model.uri):
                chosen["model"], chosen["model_blessing"] = [model], [blessings[model.id]]
                break
        return chosen


def _unservable(infra_blessings: list[Any]) -> set[int]:
    """Models that the latest InfraBlessing which asked a server about them refuses."""
    verdicts: dict[int, int] = {}
    for blessing in sorted(infra_blessings, key=lambda artifact: artifact.id):
        if blessing.get_int_custom_property(_ASKED):
            model_id = blessing.get_int_custom_property(
                constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY
            )
            verdicts[model_id] = blessing.get_int_custom_property(
                constants.ARTIFACT_PROPERTY_BLESSED_KEY
            )
    return {model_id for model_id, blessed in verdicts.items() if not blessed}
