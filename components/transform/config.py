"""The `[features]` and `[transform]` sections: what becomes of each column."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from data.columns import Treatment


class Feature(BaseModel):
    """One column's treatment. In TOML a bare word (`fare = "log"`) or a table with `as`."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    treatment: Treatment = Field(alias="as")
    buckets: int = Field(default=10, ge=2)
    """buckets: how many quantiles; hash: how many hash buckets."""
    top_k: int = Field(default=1000, ge=1)
    """vocabulary: keep at most this many values."""
    min_count: int = Field(default=1, ge=1)
    """vocabulary: a value seen less often is out of vocabulary."""
    oov_buckets: int = Field(default=1, ge=1)
    """vocabulary: unknown values are hashed into this many extra ids."""

    @model_validator(mode="before")
    @classmethod
    def _bare_word(cls, value: Any) -> Any:
        return {"as": value} if isinstance(value, str) else value


class TransformSection(BaseModel):
    """What Transform is told beside the features."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    preprocessing: str = ""
    """Import path of one's own `preprocessing_fn(inputs, custom_config)`; empty: ours."""
