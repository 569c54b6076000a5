"""Engine name -> Beam arguments. The runner is always named: left to choose, Beam downloads one."""

LOCAL_RUNNER = "--runner=FnApiRunner"


def beam_args(engine: str = "local") -> list[str]:
    """Arguments for the components' Beam jobs.

    Args:
      engine: `local`, in this process.

    Raises:
      ValueError: an unknown engine.
    """
    if engine != "local":
        raise ValueError(f"no engine '{engine}'. Valid: local")
    return [LOCAL_RUNNER]
