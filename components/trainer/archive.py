"""A Keras archive that holds every weight of a model once."""

import keras
import tensorflow as tf


def archive_of(model: keras.Model) -> keras.export.ExportArchive:
    """An archive with the model's weights, in their order, and its lookup tables; without signatures.

    Tracked by itself a model would have its weights written twice: as Keras knows them, and as the
    signatures use them.
    """
    archive = keras.export.ExportArchive()
    tables = tf.Module()
    tables.model = model
    archive.track(tables)
    archive.add_variable_collection("variables", [weight.value for weight in model.variables])
    return archive
