"""The one exception by which data complains to its owner."""


class DataError(ValueError):
    """Something is wrong with the data; the message is a sentence that names file, line or column."""
