"""The `[distill]` section: whose answers a model learns beside the labels."""

from pydantic import BaseModel, ConfigDict, Field


class DistillSection(BaseModel):
    """A model learns from another one's answers (Hinton, Vinyals and Dean 2015)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    teacher: str = ""
    """blessed: the model this pipeline pushed last; the name of another pipeline beside it: what
    that one pushed last; or the path of a SavedModel or of a folder of versions. It takes the
    same columns and knows the same classes. Empty: no teacher."""
    temperature: float = Field(default=2.0, gt=0, le=100)
    """Logits of both are divided by this before they are compared: higher shows more of what the
    teacher thinks of the wrong classes. Regression has none."""
    alpha: float = Field(default=0.5, ge=0, le=1)
    """Weight of the teacher's answers in the loss, times the temperature's square; the labels have
    the rest. Rows without a label (`data.unlabelled`) learn from the teacher alone."""
