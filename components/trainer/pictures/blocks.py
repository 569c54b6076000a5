"""Where a network can be cut in two: below, computed once; above, trained."""

import re
from dataclasses import dataclass
from typing import Any

import keras

_BLOCK_NAME = re.compile(r"(.*?block_?\d+[a-z]?)(?:_|$)")


@dataclass(frozen=True)
class Split:
    """A network in two parts that share its layers: `network(x) == upper(lower(x))`."""

    lower: keras.Model
    upper: keras.Model


def split(network: keras.Model, top_blocks: int) -> Split:
    """Cut a network below its top blocks.

    Args:
      network: a graph of layers with one input and one output.
      top_blocks: how many blocks go into the upper part; 0: none (it is the identity), as many as
        there are or more: all (the lower part is the identity).
    """
    network = as_graph(network)
    ends = block_ends(network)
    if top_blocks <= 0:
        return Split(network, _identity(network.output))
    if top_blocks >= len(ends):
        return Split(_identity(network.input), network)
    cut = ends[-top_blocks - 1]
    return Split(keras.Model(network.input, cut), keras.Model(cut, network.output))


def block_ends(network: keras.Model) -> list[Any]:
    """The tensor at the end of each block, bottom to top; the last is the network's output.

    A block lies between two waists of the graph, tensors everything above depends on. Waists
    within one block by name (`block_3_expand`, `block_3_project`, `conv5_block2_out`) count once,
    and a stretch without a kernel (normalisation, activation, pooling) belongs to the block below.
    """
    network = as_graph(network)
    ends: list[Any] = []
    names: list[str | None] = []
    for tensor, name, has_kernel in _stretches(network):
        match = _BLOCK_NAME.match(name)
        block = match.group(1) if match else None
        if ends and (not has_kernel or (block is not None and block == names[-1])):
            ends[-1] = tensor
        else:
            ends.append(tensor)
            names.append(block)
    return ends or [network.output]


def _stretches(network: keras.Model) -> list[tuple[Any, str, bool]]:
    """For each waist: its tensor, its layer's name, whether a kernel lies below it to the last."""
    by_depth = getattr(network, "_nodes_by_depth", {})
    nodes = [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]]
    waiting: dict[int, int] = {}  # tensor to how many operations still read it
    for node in nodes:
        for tensor in node.input_tensors:
            waiting[id(tensor)] = waiting.get(id(tensor), 0) + 1
    found: list[tuple[Any, str, bool]] = []
    live: set[int] = set()
    has_kernel = False
    for node in nodes:
        for tensor in node.input_tensors:
            waiting[id(tensor)] -= 1
            if not waiting[id(tensor)]:
                live.discard(id(tensor))
        live.update(id(tensor) for tensor in node.output_tensors)
        weights = getattr(node.operation, "weights", [])
        has_kernel = has_kernel or any(len(weight.shape) > 1 for weight in weights)
        if len(live) == 1 and not node.is_input:
            found.append((node.output_tensors[0], node.operation.name, has_kernel))
            has_kernel = False
    return found


def as_graph(network: keras.Model) -> keras.Model:
    """A network as a graph with one input and one output, on the same layers.

    Raises:
      ValueError: it has no graph (a subclassed model), or more inputs or outputs.
    """
    inputs, outputs = (getattr(network, name, None) or [] for name in ("inputs", "outputs"))
    if len(inputs) != 1 or len(outputs) != 1:
        raise ValueError(
            "a backbone should be a graph of layers with one input and one output. Received: "
            f"{type(network).__name__} with {len(inputs)} inputs and {len(outputs)} outputs"
        )
    if isinstance(network, keras.Sequential) or network.output is not outputs[0]:
        return keras.Model(inputs[0], outputs[0], name=network.name)
    return network


def _identity(tensor: Any) -> keras.Model:
    entry = keras.Input(tensor.shape[1:], dtype=tensor.dtype)
    return keras.Model(entry, keras.layers.Identity(dtype=tensor.dtype)(entry))
