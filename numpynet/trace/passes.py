"""Run one pass of a network of layers, or of a module like those in `scratch`, on copies, and record it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from numpynet import arguments
from numpynet.arguments import Array
from numpynet.layers import Sequential
from numpynet.optim import sgd
from numpynet.trace.record import Trace
from numpynet.trace.rules import Index, Rule
from numpynet.trace.tape import (
    Quantity,
    Tape,
    WatchedLayer,
    WatchedLoss,
    named_parameters,
    quantities,
    watched_function,
)


def trace(net: Any, loss: Any, X: Array, y: Array, *, optimizer: Any = None, steps: int = 1) -> Trace:
    """One forward and one backward pass of a network, every array recorded from the layers themselves.

        P, loss = ...    each layer's forward, front to back; then each layer's backward, back to front

    net is a Sequential, or any object with forward, backward and parameters(). Everything runs on copies: net, loss,
    X and y stay as they are. The arrays have the names of the formulas: Z1, H1, ..., O or y_hat, P, loss, and grad_T
    for each T. What a layer of your own returns is called H1, H2, ... too.

    With an optimizer of the net's parameters, `steps` passes are traced, with an update after each: t.steps has them
    all, and t is the first. The optimizer is copied as well.

    Shapes: X (n, ...), y as the loss takes it -> a Trace. dtype: as net; finite differences are taken in float64.
    Cost: a pass for each step; two for each finite difference.
    Raises: TypeError for a net, loss or array that is none; ValueError for values that are not finite, or steps without
    an optimizer; RuntimeError if the net cannot be copied; whatever the layers raise.

    >>> from numpynet import Linear, Sequential, SquaredLoss
    >>> net = Sequential(Linear(2, 1, rng=np.random.default_rng(0), dtype=np.float64))
    >>> t = trace(net, SquaredLoss(), np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0], [2.0]]))
    >>> t.names
    ['X', 'y_hat', 'loss', 'grad_y_hat', 'grad_W', 'grad_b']
    >>> t.formula("grad_W"), t.sources("grad_b", 0)
    ('Xᵀ grad_y_hat', [('grad_y_hat', (0, 0)), ('grad_y_hat', (1, 0))])
    """
    for what, value, methods in [
        ("net", net, ("forward", "backward", "parameters")),
        ("loss", loss, ("forward", "backward")),
    ]:
        for method in methods:
            if not callable(getattr(value, method, None)):
                raise TypeError(f"trace: {what} must have a method {method}, got {value!r}")
    _check("trace", X, y, steps, optimizer is not None, "an optimizer")
    try:
        net, loss, optimizer = copy.deepcopy((net, loss, optimizer))
    except Exception as error:
        raise RuntimeError(f"trace: net, loss and optimizer must be copyable, got {error}") from error
    parameters = list(net.parameters())
    strange = [p for p in getattr(optimizer, "parameters", []) if not any(p is own for own in parameters)]
    if strange:
        raise ValueError("trace: optimizer must be that of net's parameters, got other parameters")
    traces = []
    for step in range(steps):
        traces.append(_LayerPass(net, loss, X, y).trace("trace"))
        if step + 1 < steps:
            loss.forward(net.forward(X.copy()), y.copy())
            net.backward(loss.backward())
            optimizer.step()
    return _linked(traces)


def trace_scratch(
    module: Any, params: Mapping[str, Array], X: Array, y: Array, *, lr: float | None = None, steps: int = 1
) -> Trace:
    """One pass of a module's `loss_and_gradients(params, X, y)`, as in `numpynet.scratch`.

    A copy of the function is run in which those of `functional` are recorded, by itself or in others of its module.
    What it computes in other ways has its value, but no formula. With a learning rate, `steps` passes are traced, with
    a step of `sgd` after each.

    Shapes, dtype, Cost: as `trace`. Raises: TypeError for a module without the function, or params that are no dict of
    arrays; otherwise as `trace`.

    >>> from numpynet.scratch import linear_regression
    >>> params = {"W": np.array([[1.0], [2.0]]), "b": np.zeros(1)}
    >>> t = trace_scratch(linear_regression, params, np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0], [2.0]]))
    >>> print(t.explain("grad_b", 0).splitlines()[3].strip())
    = 2 + 4.5
    """
    if not callable(getattr(module, "loss_and_gradients", None)):
        raise TypeError(f"trace_scratch: module must have a function loss_and_gradients, got {module!r}")
    if not isinstance(params, Mapping) or not params:
        raise TypeError(f"trace_scratch: params must be a dict of arrays, got {params!r}")
    _check("trace_scratch", X, y, steps, lr is not None, "lr")
    params = {name: np.array(array) for name, array in params.items()}
    traces = []
    for step in range(steps):
        traces.append(_ScratchPass(module.loss_and_gradients, params, X, y).trace("trace_scratch"))
        if step + 1 < steps and lr is not None:
            grads = module.loss_and_gradients(_copies(params), X.copy(), y.copy())[1]
            params = _copies(params)
            sgd(params, grads, lr)
    return _linked(traces)


def _check(function: str, X: Array, y: Array, steps: int, can_update: bool, wanted: str) -> None:
    arguments.check_examples(function, X, y)
    for name, array in {"X": X, "y": y}.items():
        if array.dtype.kind == "f":
            arguments.check_finite(function, name, array)
    if len(X) == 0:
        raise ValueError(f"{function}: X must have at least one example, got shape {X.shape}")
    arguments.check_size(function, "steps", steps)
    if steps > 1 and not can_update:
        raise ValueError(f"{function}: steps above 1 require {wanted}, got none")


def _linked(traces: list[Trace]) -> Trace:
    for t in traces:
        t.steps = tuple(traces)
    return traces[0]


def _copies(arrays: Mapping[str, Array]) -> dict[str, Array]:
    return {name: np.array(array) for name, array in arrays.items()}


class _Pass:
    """What can be run with given arrays: X, the parameters by name, and y. `run` returns loss and gradients by name."""

    def __init__(self, X: Array, params: Mapping[str, Array], y: Array) -> None:
        self.arrays = _copies({"X": X, **params, "y": y})

    def run(self, arrays: Mapping[str, Any], tape: Tape) -> Mapping[str, Any]:
        raise NotImplementedError

    def loss_after(self, quantity: Quantity, at: Index, amount: float) -> Any:
        """The loss, in float64, after one entry of an array is changed."""
        arrays = {name: a.astype(np.float64) if a.dtype.kind == "f" else a.copy() for name, a in self.arrays.items()}
        if quantity.call is None:
            arrays[quantity.name] = arrays[quantity.name].astype(np.float64)
            arrays[quantity.name][at] += amount
        change = None if quantity.call is None else (quantity.call, at, amount)
        return self.run(arrays, Tape(change))["loss"]

    def trace(self, function: str) -> Trace:
        for name, array in self.arrays.items():
            if array.dtype.kind == "f":
                arguments.check_finite(function, name, array)
        arrays, tape = _copies(self.arrays), Tape()
        results = self.run(arrays, tape)
        made = {q.name: q for q in quantities(tape, arrays)}
        for name, result in results.items():  # what is returned counts, if it is not what was recorded
            value = np.array(result)
            if name not in made or not np.array_equal(made[name].value, value, equal_nan=True):
                made[name] = Quantity(name, value, Rule("made by the function itself", None))
        return Trace((replace(q, value=self.arrays.get(q.name, q.value)) for q in made.values()), self.loss_after)


class _LayerPass(_Pass):
    def __init__(self, net: Any, loss: Any, X: Array, y: Array) -> None:
        self.net, self.loss = copy.deepcopy((net, loss))
        super().__init__(X, {name: p.data for name, p in _numbered(self.net).items()}, y)

    def run(self, arrays: Mapping[str, Any], tape: Tape) -> Mapping[str, Any]:
        net, loss = copy.deepcopy((self.net, self.loss))
        for name, parameter in _numbered(net).items():
            parameter.data = arrays[name]
        if type(net) is Sequential:
            net.layers = tuple(WatchedLayer(layer, tape) for layer in net.layers)  # type: ignore[misc]
        else:
            net = WatchedLayer(net, tape)
        loss = WatchedLoss(loss, tape)
        value = loss.forward(net.forward(arrays["X"]), arrays["y"])
        if tape.change is None:
            net.backward(loss.backward())
        return {"loss": value}


def _numbered(net: Any) -> dict[str, Any]:
    """The parameters by the names of the formulas: W1, b1, W2, ..., or W, b if only one layer has any."""
    layers = net.layers if type(net) is Sequential else [net]
    named = [named for named in map(named_parameters, layers) if named]
    numbers = [str(k) for k in range(1, len(named) + 1)] if len(named) > 1 else [""] * len(named)
    return {f"{name}{k}": p for k, layer in zip(numbers, named, strict=True) for name, p in layer.items()}


class _ScratchPass(_Pass):
    def __init__(self, function: Any, params: Mapping[str, Array], X: Array, y: Array) -> None:
        self.function = function
        self.params = list(params)
        super().__init__(X, params, y)

    def run(self, arrays: Mapping[str, Any], tape: Tape) -> Mapping[str, Any]:
        params = {name: arrays[name] for name in self.params}
        loss, grads = watched_function(self.function, tape)(params, arrays["X"], arrays["y"])
        return {"loss": loss, **{f"grad_{name}": grad for name, grad in grads.items()}}
