"""The `[card]` section: what only its owners know about a model, for the model card."""

from pydantic import BaseModel, ConfigDict


class CardSection(BaseModel):
    """Words for the model card in the report. They reach no node, so changing them runs nothing;
    the next run's report has them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    description: str = ""
    """What the model does, in a sentence."""
    intended_use: str = ""
    """Who is meant to use it, and for what decisions."""
    not_for: str = ""
    """Uses it was not made for."""
    limitations: str = ""
    """Where it is known to be wrong, and whom that hits."""
    owners: str = ""
    """Whom to ask."""
    license: str = ""
    """Under which terms the model may be used."""
