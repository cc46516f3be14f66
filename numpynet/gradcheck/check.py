"""The checks that a learner calls: what to ask, and where; `verdict` judges the answers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.asking import Answer, LayerQuestion, ModelQuestion, PairQuestion, attempt, parameters_of
from numpynet.gradcheck.backward_rules import Chain, Point
from numpynet.gradcheck.draws import Layout, batch_sizes, draw, move_away_from_the_bend, recognise
from numpynet.gradcheck.examination import ROWS, Call, Examination, ask, match
from numpynet.gradcheck.report import Report, number
from numpynet.gradcheck.verdict import conclude


def check_model(
    loss_and_gradients: Callable[..., Any],
    params: Mapping[str, Array],
    X: Array,
    y: Array,
    *,
    directions: int | None = None,
) -> Report:
    """Check the gradients of a function with a scratch module's signature, and name the mistake if they are wrong.

        loss, grads = loss_and_gradients(params, X, y)          grads[name] = ∂loss/∂params[name]

    Why it can name it: the right backward pass is known for linear regression, softmax regression and MLPs with any
    number of ReLU layers, which are recognised by params and y. It is repeated here with one mistake of a dictionary at
    a time, or two; the one that gives the same wrong gradients, to rounding, on several sets of numbers, is the one
    that was made. For other architectures there is the comparison with central differences, and what can be said of it.

    Everything is done on float64 copies. directions: how many random directions to compare in place of every entry;
    None chooses, every entry up to 5000 parameters.

    Shapes: params a dict of arrays, X (n, ...), y (n, ...) -> a Report.
    dtype: any; judged in float64. Cost: two calls of the function for each entry of params.
    Raises: TypeError for what is no function, dict or array; nothing that loss_and_gradients raises: that is reported.
    Source: none; central differences are in every course.

    >>> from numpynet.scratch import softmax_regression as right
    >>> rng = np.random.default_rng(0)
    >>> def mine(params, X, y):
    ...     loss, grads = right.loss_and_gradients(params, X, y)
    ...     return loss, {"W": grads["W"], "b": grads["b"] / len(X)}
    >>> params, X, y = {"W": rng.normal(size=(2, 3)), "b": np.zeros(3)}, rng.normal(size=(4, 2)), np.array([0, 1, 2, 0])
    >>> check_model(mine, params, X, y).mistakes, check_model(right.loss_and_gradients, params, X, y).ok
    (('bias_mean_not_sum',), True)
    """
    if not callable(loss_and_gradients):
        raise TypeError(f"check_model: loss_and_gradients must be a function, got {loss_and_gradients!r}")
    if not isinstance(params, Mapping) or not params:
        raise TypeError(f"check_model: params must be a dict of arrays, got {params!r}")
    params = {name: _array("check_model", f"params[{name!r}]", value, "fiu") for name, value in params.items()}
    X, y = _array("check_model", "X", X, "fiub"), _array("check_model", "y", y, "fiub")
    if X.ndim == 0 or len(X) == 0 or y.ndim == 0 or len(y) != len(X):
        raise ValueError(f"check_model: X and y must have one row for each example, got {X.shape} and {y.shape}")
    name = getattr(loss_and_gradients, "__name__", "the function")
    layouts = recognise(params, X, y)
    for layout in layouts:
        given = layout.point(params, X[:ROWS], y[:ROWS])
        exam = Examination(name, ModelQuestion(loss_and_gradients, layout), layout.chain, Call(given, Answer()))
        if len(X) > ROWS:
            exam.notes.append(f"compared on the first {ROWS} of your {len(X)} examples")
        square = layout.square(6) if len(layout.example_shape) == 1 else None
        last = layout is layouts[-1]
        report = _examine(exam, layout, square and ModelQuestion(loss_and_gradients, square), square, directions, last)
        if report is not None:
            return report
    raw = Point({key: array.astype(np.float64) for key, array in params.items()}, _floats(X), _floats(y))
    exam = Examination(name, ModelQuestion(loss_and_gradients, None), None, Call(raw, Answer()))
    return _examine_unknown(exam, directions)


def check_layer(layer: Any, X: Array) -> Report:
    """Check a layer: any object with forward(X), backward(grad_Y) and parameters(), objects with data and grad.

    The loss is Σ G ∘ forward(X) with G drawn at random. backward(G) must return its gradient with respect to X and
    leave those with respect to the parameters' data in their grad. The layer itself is not touched, only a copy of it.
    Mistakes are named for linear layers, ReLUs and chains of them, such as a Sequential.

    Shapes: X (n, ...) -> a Report. dtype: any; judged in float64. Cost: two forward passes for each entry.
    Raises: TypeError for an object without these methods, or for X that is no array.
    Source: none.

    >>> from numpynet import Linear
    >>> check_layer(Linear(2, 3, rng=np.random.default_rng(0)), np.array([[1.0, 2.0], [3.0, 4.0]])).ok
    True
    """
    for method in ("forward", "backward"):
        if not callable(getattr(layer, method, None)):
            raise TypeError(f"check_layer: layer must have a method {method}, got {layer!r}")
    X = _array("check_layer", "X", X, "fiu").astype(np.float64)
    if X.ndim == 0 or len(X) == 0:
        raise ValueError(f"check_layer: X must have at least one example, got shape {X.shape}")
    parameters = parameters_of(layer)
    for parameter in parameters:
        if isinstance(parameter, np.ndarray) or not isinstance(getattr(parameter, "data", None), np.ndarray):
            raise TypeError(f"check_layer: parameters() must give objects with data and grad, got {parameter!r}")
    names = _parameter_names(layer, parameters)
    params = {name: parameter.data.astype(np.float64) for name, parameter in zip(names, parameters, strict=True)}
    question = LayerQuestion(layer, names, None)
    Y = attempt(lambda: question.forward(Point(params, X[:ROWS]))[1], Answer())
    for chain in _chains(params, X):
        layout = Layout(chain, {name: array.shape for name, array in params.items()}, X.shape[1:])
        given = Point(params, X[:ROWS].reshape(len(X[:ROWS]), -1) if "linear" in chain.steps else X[:ROWS])
        given.G = np.random.default_rng(1).normal(size=given.values(chain)[-1].shape)
        if Y is not None and np.shape(Y) != given.G.shape:
            continue
        exam = Examination(type(layer).__name__, LayerQuestion(layer, names, layout), chain, Call(given, Answer()))
        square = layout.square(6) if chain.weights and X.ndim == 2 else None
        report = _examine(exam, layout, square and LayerQuestion(layer, names, square), square, None)
        if report is not None:
            return report
    exam = Examination(type(layer).__name__, question, None, Call(Point(params, X[:ROWS]), Answer()))
    exam.given.point.G = np.random.default_rng(1).normal(size=np.shape(Y) if Y is not None else X[:ROWS].shape)
    return _examine_unknown(exam, None)


def check_pair(forward: Callable[..., Any], backward: Callable[..., Any], *inputs: Array) -> Report:
    """Check a backward function: are its results the gradients of forward, in the house's order of arguments?

    forward(*inputs) gives an array, a loss, or a loss and its probabilities. backward takes the gradient of the output
    first (not after a loss) and then what its arguments are called: inputs of forward, under their names, or Y, H or P
    for its output; beside a loss that has probabilities, P is these. The report says what other names were taken for.
    It returns one gradient for each input that holds floats, in the inputs' order; targets need none.

    Shapes: as forward's. dtype: any; judged in float64. Cost: two calls of forward for each entry.
    Raises: TypeError for what is no function or array.
    Source: none.

    >>> from numpynet.functional import relu
    >>> check_pair(relu, lambda grad_Y, Y: grad_Y, np.array([[1.0, -2.0, 3.0]])).mistakes
    ('no_relu_mask',)
    """
    for word, function in [("forward", forward), ("backward", backward)]:
        if not callable(function):
            raise TypeError(f"check_pair: {word} must be a function, got {function!r}")
    arrays = [_array("check_pair", f"input {i}", value, "fiu") for i, value in enumerate(inputs)]
    if not arrays or arrays[0].dtype.kind not in "f" or arrays[0].size == 0:
        raise TypeError("check_pair: inputs must begin with an array of floats that is not empty")
    arrays = [array.astype(np.float64) if array.dtype.kind == "f" else array for array in arrays]
    names = _argument_names(forward, len(arrays))
    name = getattr(backward, "__name__", "the function")
    for chain, params in _pair_chains(names, arrays):
        layout = Layout(chain, {key: array.shape for key, array in params.items()}, arrays[0].shape[1:])
        point = Point(params, arrays[0], arrays[1] if chain.kind else None)
        if not chain.kind:
            point.G = np.random.default_rng(1).normal(size=point.values(chain)[-1].shape)
        classes = chain.kind == "cross_entropy"
        relu = chain.steps == ("relu",)
        asked = _asked(backward, names, loss=bool(chain.kind), probabilities=classes, relu=relu)
        question = PairQuestion(forward, backward, names, {}, list(asked.values()), chain)
        square = layout.square(6) if params else None
        exam = Examination(name, question, chain, Call(point, Answer()), notes=_guesses(asked))
        report = _examine(exam, layout, question, square, None)
        if report is not None:
            return report
    fixed = {key: array for key, array in zip(names, arrays, strict=True) if array.dtype.kind != "f"}
    params = {key: array for key, array in zip(names[1:], arrays[1:], strict=True) if key not in fixed}
    answer = Answer()
    Y = attempt(lambda: forward(*(array.copy() for array in arrays)), answer)
    scalar = np.ndim(Y[0] if isinstance(Y, tuple) else Y) == 0
    asked = _asked(backward, names, loss=scalar, probabilities=isinstance(Y, tuple), relu=False)
    question = PairQuestion(forward, backward, names, fixed, list(asked.values()), None)
    point = Point(params, arrays[0], None, None if scalar else np.random.default_rng(1).normal(size=np.shape(Y)))
    return _examine_unknown(Examination(name, question, None, Call(point, answer), notes=_guesses(asked)), None)


def _floats(array: Array) -> Array:
    return array.astype(np.float64) if array.dtype.kind == "f" else array.copy()


def _parameter_names(layer: Any, parameters: Sequence[Any]) -> list[str]:
    """The names of a layer's parameters, its own or those of the formulas."""
    if hasattr(layer, "named_parameters"):
        named = layer.named_parameters()
        if isinstance(named, Mapping) and len(named) == len(parameters):
            return list(named)
    for key in range(len(parameters)):
        own = {id(value): name for name, value in getattr(layer, "__dict__", {}).items()}
        if id(parameters[key]) not in own:
            break
    else:
        return [own[id(parameter)] for parameter in parameters] if parameters else []
    return [f"{'W' if parameter.data.ndim == 2 else 'b'}{i // 2 + 1}" for i, parameter in enumerate(parameters)]


def _chains(params: Mapping[str, Array], X: Array) -> list[Chain]:
    """The chains of linear layers and ReLUs that could be what a layer with these parameters computes."""
    if not params:
        return [Chain(("relu",), output="Y")]
    weights: list[tuple[str, str | None]] = []
    width = int(np.prod(X.shape[1:]))
    for name, array in params.items():
        if array.ndim == 2 and array.shape[0] == width:
            weights.append((name, None))
            width = array.shape[1]
        elif array.shape == (width,) and weights and weights[-1][1] is None:
            weights[-1] = weights[-1][0], name
        else:
            return []
    steps = ("linear", "relu") * len(weights)
    return [Chain(steps[:-1], weights=tuple(weights)), Chain(steps, weights=tuple(weights))]


def _pair_chains(names: Sequence[str], arrays: Sequence[Array]) -> list[tuple[Chain, dict[str, Array]]]:
    """The formulas that could be forward's, from its inputs."""
    first = arrays[0]
    if len(arrays) == 1:
        return [(Chain(("relu",)), {})]
    if len(arrays) == 2 and first.ndim == 2 and arrays[1].dtype.kind in "iu" and arrays[1].shape == first.shape[:1]:
        return [(Chain((), "cross_entropy", output="O"), {})]
    if len(arrays) == 2 and first.shape == arrays[1].shape:
        return [(Chain((), "squared_loss", output="y_hat"), {})]
    if len(arrays) == 3 and [array.ndim for array in arrays] == [2, 2, 1]:
        _, W, b = names
        return [(Chain(("linear",), weights=((W, b),)), {W: arrays[1], b: arrays[2]})]
    return []


def _argument_names(function: Any, count: int) -> list[str]:
    """The names of a function's first arguments."""
    try:
        names = [
            parameter.name
            for parameter in inspect.signature(function).parameters.values()
            if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        ]
    except (TypeError, ValueError):
        names = []
    return (names + [f"input{i}" for i in range(len(names), count)])[:count]


LOGITS = {"o", "x", "z", "logit", "logits", "score", "scores"}  # what learners call the input of a softmax
TARGETS = {"y", "t", "target", "targets", "label", "labels", "y_true"}
OUTPUTS = {"y", "h", "a", "p", "out", "output", "outputs", "probs", "probabilities"}


def _asked(backward: Any, names: Sequence[str], *, loss: bool, probabilities: bool, relu: bool) -> dict[str, str]:
    """What each argument of backward is taken for: "G", "Y", "P" or the name of one of forward's inputs."""
    try:
        signature = inspect.signature(backward).parameters.values()
    except (TypeError, ValueError):
        first = "G" if not loss else "P" if probabilities else names[0]
        return {name: name for name in [first, *names[1 if loss else 0 :]]}
    wanted = [
        p.name for p in signature if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty
    ]
    asked = {} if loss else dict.fromkeys(wanted[:1], "G")
    for name in wanted[len(asked) :]:
        left = [own for own in names if own not in asked.values()]
        if relu:
            asked[name] = names[0] if name.lower() in {"x", "z", "inputs", "input", names[0].lower()} else "Y"
        elif loss:
            asked[name] = _beside_a_loss(name.lower(), names, left, probabilities and "P" not in asked.values())
        else:
            asked[name] = _beside_an_array(name.lower(), left)
    return asked


def _beside_a_loss(name: str, names: Sequence[str], left: Sequence[str], probabilities: bool) -> str:
    """What this argument of a loss's backward is taken for; left are forward's inputs that nothing stands for yet."""
    same = next((own for own in left if own.lower() == name), None)
    if same is None and name in TARGETS and names[-1] in left:
        same = names[-1]
    if same is None and probabilities and name not in LOGITS:
        same = "P"
    return same or (left[0] if left else names[0])


def _beside_an_array(name: str, left: Sequence[str]) -> str:
    """What this argument of the backward of any other function is taken for."""
    same = next((own for own in left if own.lower() == name), None)
    is_output = name in OUTPUTS or "soft" in name or not left
    return same or ("Y" if is_output else left[0])


def _guesses(asked: Mapping[str, str]) -> list[str]:
    """In words, what those arguments were taken for whose names do not say it."""
    words = {"Y": "forward's output", "P": "P, the probabilities"}
    clear = {("y", "Y"), ("h", "Y"), ("p", "Y")}
    return [
        f"its argument {name} was taken for {words.get(meaning, meaning)}"
        for name, meaning in asked.items()
        if meaning != "G" and name.lower() != meaning.lower() and (name.lower(), meaning) not in clear
    ]


def _array(function: str, name: str, value: Any, kinds: str) -> Array:
    if not isinstance(value, (np.ndarray, float, int, list, np.generic)):
        raise TypeError(f"{function}: {name} must be an array, got {type(value).__name__}")
    array = np.asarray(value)
    if array.dtype.kind not in kinds:
        raise TypeError(f"{function}: {name} must be an array of numbers, got an array of {array.dtype}")
    return array


def _examine(
    exam: Examination,
    layout: Layout,
    square_question: Any,
    square: Layout | None,
    directions: int | None,
    last: bool = False,
) -> Report | None:
    """A check of what may be this chain; None where it shows to be another one that is to be tried next."""
    rng = np.random.default_rng(0)
    chain, point = layout.chain, exam.given.point
    n = len(point.X)
    one, other = batch_sizes(layout, n)
    ask(exam, [draw(layout, size, rng) for size in (one, one, one, other)])
    for name, by in move_away_from_the_bend(chain, point).items():
        exam.notes.append(
            f"{name} was moved by up to {number(by)}, so that nothing lies near the ReLU's bend at 0, where there is "
            "no slope to compare"
        )
    point.forget_values()
    exam.given.answer = exam.question.ask(point)
    if all(call.answer.raised for call in exam.draws):
        if not exam.given.answer.raised:
            raised = exam.draws[0].answer.raised
            ask(exam, [draw(layout, n, rng) for _ in range(4)])
            exam.notes.append(f"with {one} examples in place of {n} it raised {raised}")
            if n == 1:
                exam.notes.append("one example cannot tell a sum from a mean: give it two or more if it takes them")
        elif square is not None:
            return _examine_square(exam, square_question, square, rng)
    exam.chain, exam.matched, exam.nearly = match(exam.calls(), chain)
    answered = any(np.isfinite(call.answer.loss) for call in exam.calls())
    if not exam.matched and answered and not last:
        return None  # another layer or another function than it was taken for
    return conclude(exam, directions, rng)


def _examine_square(exam: Examination, question: Any, square: Layout, rng: np.random.Generator) -> Report:
    """It raises with the caller's shapes: with all layers equally wide it may not, and show what it does."""
    other = Examination(exam.name, question, square.chain, exam.given)
    ask(other, [draw(square, n, rng) for n in (5, 5, 5, 8)])
    if all(call.answer.raised for call in other.draws):
        return conclude(exam, 0, rng)
    other.given = other.draws[0]
    other.problems = [f"it raised {exam.given.answer.raised}"]
    other.notes.append(
        "your shapes make it stop there; what follows was found with 6 units in every layer, where all shapes fit"
    )
    other.chain, other.matched, other.nearly = match(other.draws, square.chain)
    return conclude(other, None, rng)


def _examine_unknown(exam: Examination, directions: int | None) -> Report:
    """A function whose formulas are not known here: the caller's numbers, and others near them."""
    rng = np.random.default_rng(0)
    given = exam.given.point

    def near() -> Point:
        def nudged(array: Array) -> Array:
            size = float(np.std(array)) or float(np.max(np.abs(array), initial=0.0)) or 0.1
            return np.asarray(array + 0.1 * size * rng.normal(size=array.shape))  # of 0 axes, it is an array too

        order = rng.permutation(len(given.X)) if given.y is not None else np.arange(len(given.X))
        X, y = given.X[order], None if given.y is None else given.y[order]
        G = None if given.G is None else rng.normal(size=given.G.shape)
        params = {name: nudged(array) for name, array in given.params.items()}
        return Point(params, nudged(X) if X.dtype.kind == "f" else X, y, G)

    ask(exam, [near() for _ in range(3)])
    exam.given.answer = exam.question.ask(given)
    return conclude(exam, directions, rng)
