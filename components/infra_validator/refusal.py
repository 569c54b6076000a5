"""Two ways for an infrastructure validation to end badly: by the model, or by what surrounds it."""


class NotServableError(Exception):
    """The model is at fault and is not pushed; the message says why."""


class NoServerError(RuntimeError):
    """The server is at fault: nothing can be said of the model, so the node fails and can resume."""
