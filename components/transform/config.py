"""The `[features]` and `[transform]` sections: what becomes of each column."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from data.columns import Treatment

_ALONE = frozenset({Treatment.IGNORE, Treatment.IMAGE, Treatment.TEXT, Treatment.DATE})


class Feature(BaseModel):
    """What becomes of one column.

    In TOML a word (`fare = "log"`), several words where the model should see the column in several
    ways (`fare = ["log", "buckets"]`), or a table (`fare = { as = "buckets", buckets = 50 }`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    treatments: tuple[Treatment, ...] = Field(alias="as", min_length=1)
    buckets: int = Field(default=20, ge=2)
    """buckets: how many quantiles; hash: how many hash buckets."""
    top_k: int = Field(default=1000, ge=1)
    """vocabulary: keep at most this many values, the most frequent ones."""
    min_count: int = Field(default=1, ge=1)
    """vocabulary: a value seen less often is out of vocabulary."""
    oov_buckets: int = Field(default=1, ge=1)
    """vocabulary: unknown values are hashed into this many extra ids."""

    @property
    def treatment(self) -> Treatment:
        """The only treatment, or the first of several."""
        return self.treatments[0]

    def outputs(self, column: str) -> dict[str, Treatment]:
        """The names of the features a column becomes, and how each is made.

        One treatment: the column's own name. Several: `<column>/<word>` each.
        """
        if len(self.treatments) == 1:
            return {column: self.treatment}
        return {f"{column}/{treatment}": treatment for treatment in self.treatments}

    @model_validator(mode="before")
    @classmethod
    def _bare_words(cls, value: Any) -> Any:
        return {"as": value} if isinstance(value, str | list) else value

    @field_validator("treatments", mode="before")
    @classmethod
    def _one_word(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("treatments")
    @classmethod
    def _go_together(cls, treatments: tuple[Treatment, ...]) -> tuple[Treatment, ...]:
        if len(set(treatments)) < len(treatments):
            raise ValueError(f"each treatment once. Received: {', '.join(treatments)}")
        alone = [treatment for treatment in treatments if treatment in _ALONE]
        if alone and len(treatments) > 1:
            raise ValueError(
                f"'{alone[0]}' cannot be combined with another treatment. "
                f"Received: {', '.join(treatments)}"
            )
        return treatments


def vocabulary_features(features: Mapping[str, Feature]) -> list[str]:
    """The transformed features that have a vocabulary, in the order of the vocabularies' file."""
    return [
        name
        for column, feature in features.items()
        for name, treatment in feature.outputs(column).items()
        if treatment is Treatment.VOCABULARY
    ]


class TransformSection(BaseModel):
    """What Transform is told beside the features."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    preprocessing: str = ""
    """Import path of one's own `preprocessing_fn(inputs, custom_config)`; empty: ours."""
