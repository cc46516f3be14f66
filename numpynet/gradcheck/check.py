"""The checks that a learner calls: what to ask, and at which points. `verdict` judges the answers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from numpynet.arguments import Array
from numpynet.gradcheck.asking import Answer, LayerQuestion, ModelQuestion, PairQuestion, attempt, get_parameters
from numpynet.gradcheck.backward_rules import Chain, Point, gradients
from numpynet.gradcheck.draws import Layout, batch_sizes, draw, move_away_from_kinks, recognise
from numpynet.gradcheck.examination import MAX_EXAMPLES, Call, Examination, ask, call_at, match_any
from numpynet.gradcheck.facts import is_close
from numpynet.gradcheck.mistakes import MISTAKES, Mistake
from numpynet.gradcheck.report import Report, format_number
from numpynet.gradcheck.verdict import conclude
from numpynet.wording import Said, say


def check_model(
    loss_and_gradients: Callable[..., Any],
    params: Mapping[str, Array],
    X: Array,
    y: Array,
    *,
    directions: int | None = None,
    catalogue: Sequence[Mistake] = MISTAKES,
) -> Report:
    """Check the gradients of a function with the signature of those in scratch, and name the mistake if there is one.

        loss, grads = loss_and_gradients(params, X, y)          grads[name] = ∂loss/∂params[name]

    Why it can name it: the right backward pass is known for linear regression, softmax regression and MLPs with any
    number of ReLU layers, which are recognised by params and y. It is repeated here with one mistake of a catalogue at
    a time, or two. The mistake that gives the same wrong gradients, up to rounding, on several sets of random numbers
    is the one that was made. For other architectures, the gradients are compared with central differences.

    Everything is done on float64 copies. directions: how many random directions to compare instead of every entry;
    None compares every entry if there are at most 5000 parameters. catalogue: the mistakes to look for.

    Shapes: params a dict of arrays, X (n, ...), y (n, ...) -> a Report.
    dtype: any; judged in float64. Cost: two calls of the function for each entry of params.
    Raises: TypeError if an argument is not a function, a dict or an array. An exception in loss_and_gradients is
    reported, not raised.
    Source: none; central differences are part of every course.

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
    params = {name: _to_array("check_model", f"params[{name!r}]", value, "fiu") for name, value in params.items()}
    X, y = _to_array("check_model", "X", X, "fiub"), _to_array("check_model", "y", y, "fiub")
    if X.ndim == 0 or len(X) == 0 or y.ndim == 0 or len(y) != len(X):
        raise ValueError(f"check_model: X and y must have one row for each example, got {X.shape} and {y.shape}")
    name = getattr(loss_and_gradients, "__name__", "the function")
    layouts = recognise(params, X, y)
    for layout in layouts:
        given = layout.point(params, X[:MAX_EXAMPLES], y[:MAX_EXAMPLES])
        exam = Examination(name, ModelQuestion(loss_and_gradients, layout), layout.chain, Call(given, Answer()))
        exam.catalogue = catalogue
        if len(X) > MAX_EXAMPLES:
            exam.notes.append(say("first_examples_used", most=MAX_EXAMPLES, n=len(X)))
        square = layout.square(6) if len(layout.example_shape) == 1 else None
        last = layout is layouts[-1]
        report = _examine(exam, layout, square and ModelQuestion(loss_and_gradients, square), square, directions, last)
        if report is not None:
            return report
    raw = Point({key: array.astype(np.float64) for key, array in params.items()}, _to_float64(X), _to_float64(y))
    exam = Examination(name, ModelQuestion(loss_and_gradients, None), None, Call(raw, Answer()))
    return _examine_unknown(exam, directions)


def check_layer(layer: Any, X: Array) -> Report:
    """Check a layer: any object with forward(X), backward(grad_Y) and parameters() that have data and grad.

    The loss is Σ G ∘ forward(X) for a random G. backward(G) must return its gradient with respect to X, and store the
    gradient with respect to each parameter in its grad. The check works on a copy of the layer. Mistakes are named for
    linear layers, ReLUs and chains of them, such as a Sequential.

    Shapes: X (n, ...) -> a Report. dtype: any; judged in float64. Cost: two forward passes for each entry.
    Raises: TypeError if layer lacks one of these methods, or if X is not an array.
    Source: none.

    >>> from numpynet import Linear
    >>> check_layer(Linear(2, 3, rng=np.random.default_rng(0)), np.array([[1.0, 2.0], [3.0, 4.0]])).ok
    True
    """
    for method in ("forward", "backward"):
        if not callable(getattr(layer, method, None)):
            raise TypeError(f"check_layer: layer must have a method {method}, got {layer!r}")
    X = _to_array("check_layer", "X", X, "fiu").astype(np.float64)
    if X.ndim == 0 or len(X) == 0:
        raise ValueError(f"check_layer: X must have at least one example, got shape {X.shape}")
    parameters = get_parameters(layer)
    for parameter in parameters:
        if isinstance(parameter, np.ndarray) or not isinstance(getattr(parameter, "data", None), np.ndarray):
            raise TypeError(f"check_layer: parameters() must return objects with data and grad, got {parameter!r}")
    names = _name_parameters(layer, parameters)
    rows, title = X[:MAX_EXAMPLES], getattr(layer, "__name__", type(layer).__name__)
    params = {name: parameter.data.astype(np.float64) for name, parameter in zip(names, parameters, strict=True)}
    question = LayerQuestion(layer, names, None)
    Y = attempt(lambda: question.forward(Point(params, X[:MAX_EXAMPLES]))[1], Answer())
    for chain in _possible_chains(params, X):
        layout = Layout(chain, {name: array.shape for name, array in params.items()}, X.shape[1:])
        given = Point(params, rows.reshape(len(rows), -1) if "linear" in chain.steps else rows)
        given.G = np.random.default_rng(1).normal(size=given.values(chain)[-1].shape)
        if Y is not None and np.shape(Y) != given.G.shape:
            continue
        exam = Examination(title, LayerQuestion(layer, names, layout), chain, Call(given, Answer()))
        square = layout.square(6) if chain.weights and X.ndim == 2 else None
        report = _examine(exam, layout, square and LayerQuestion(layer, names, square), square, None)
        if report is not None:
            return report
    exam = Examination(title, question, None, Call(Point(params, rows), Answer()))
    exam.given.point.G = np.random.default_rng(1).normal(size=np.shape(Y) if Y is not None else rows.shape)
    return _examine_unknown(exam, None)


def check_pair(forward: Callable[..., Any], backward: Callable[..., Any], *inputs: Array) -> Report:
    """Check a backward function: does it return the gradients of forward?

    forward(*inputs) returns an array, a loss, or a loss and its probabilities. The first argument of backward is the
    gradient of the output, unless forward is a loss. The others are recognised by their names: the inputs of forward,
    or Y, H or P for its output; for a loss that returns probabilities, P means those. The report says how other names
    were interpreted. backward returns one gradient for each input of floats, in the inputs' order; targets need none.

    Shapes: as for forward. dtype: any; judged in float64. Cost: two calls of forward for each entry.
    Raises: TypeError if an argument is not a function or an array.
    Source: none.

    >>> from numpynet.functional import relu
    >>> check_pair(relu, lambda grad_Y, Y: grad_Y, np.array([[1.0, -2.0, 3.0]])).mistakes
    ('no_relu_mask',)
    """
    for word, function in [("forward", forward), ("backward", backward)]:
        if not callable(function):
            raise TypeError(f"check_pair: {word} must be a function, got {function!r}")
    arrays = [_to_array("check_pair", f"input {i}", value, "fiu") for i, value in enumerate(inputs)]
    if not arrays or arrays[0].dtype.kind not in "f" or arrays[0].size == 0:
        raise TypeError(
            "check_pair: the first input must be a non-empty array of floats (write 1.0, or use X.astype(float))"
        )
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
        asked = _interpret_arguments(backward, names, loss=bool(chain.kind), probabilities=classes, relu=relu)
        question = PairQuestion(forward, backward, names, {}, list(asked.values()), chain)
        square = layout.square(6) if params else None
        exam = Examination(name, question, chain, Call(point, Answer()), notes=_describe_guesses(asked))
        report = _examine(exam, layout, question, square, None)
        if report is not None:
            return report
    fixed = {key: array for key, array in zip(names, arrays, strict=True) if array.dtype.kind != "f"}
    params = {key: array for key, array in zip(names[1:], arrays[1:], strict=True) if key not in fixed}
    answer = Answer()
    Y = attempt(lambda: forward(*(array.copy() for array in arrays)), answer)
    scalar = np.ndim(Y[0] if isinstance(Y, tuple) else Y) == 0
    asked = _interpret_arguments(backward, names, loss=scalar, probabilities=isinstance(Y, tuple), relu=False)
    question = PairQuestion(forward, backward, names, fixed, list(asked.values()), None)
    point = Point(params, arrays[0], None, None if scalar else np.random.default_rng(1).normal(size=np.shape(Y)))
    return _examine_unknown(
        Examination(name, question, None, Call(point, answer), notes=_describe_guesses(asked)), None
    )


def _to_float64(array: Array) -> Array:
    return array.astype(np.float64) if array.dtype.kind == "f" else array.copy()


def _name_parameters(layer: Any, parameters: Sequence[Any]) -> list[str]:
    """The names of a layer's parameters: its own, or those of the formulas."""
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


def _possible_chains(params: Mapping[str, Array], X: Array) -> list[Chain]:
    """The chains of linear layers and ReLUs that a layer with these parameters could compute."""
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
    """The chains that forward could compute, judging by its inputs."""
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


LOGITS = {"o", "x", "z", "logit", "logits", "score", "scores"}  # common names for the input of a softmax
TARGETS = {"y", "t", "target", "targets", "label", "labels", "y_true"}
OUTPUTS = {"y", "h", "a", "p", "out", "output", "outputs", "probs", "probabilities"}


def _interpret_arguments(
    backward: Any, names: Sequence[str], *, loss: bool, probabilities: bool, relu: bool
) -> dict[str, str]:
    """The meaning of each argument of backward: "G", "Y", "P" or the name of one of forward's inputs."""
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
            asked[name] = _match_loss_argument(name.lower(), names, left, probabilities and "P" not in asked.values())
        else:
            asked[name] = _match_argument(name.lower(), left)
    return asked


def _match_loss_argument(name: str, names: Sequence[str], left: Sequence[str], probabilities: bool) -> str:
    """The meaning of this argument of a loss's backward; left: the inputs of forward not matched yet."""
    same = next((own for own in left if own.lower() == name), None)
    if same is None and name in TARGETS and names[-1] in left:
        same = names[-1]
    if same is None and probabilities and name not in LOGITS:
        same = "P"
    return same or (left[0] if left else names[0])


def _match_argument(name: str, left: Sequence[str]) -> str:
    """The meaning of this argument of any other backward; left: the inputs of forward not matched yet."""
    same = next((own for own in left if own.lower() == name), None)
    is_output = name in OUTPUTS or "soft" in name or not left
    return same or ("Y" if is_output else left[0])


def _describe_guesses(asked: Mapping[str, str]) -> list[Said]:
    """In words, how the arguments with unclear names were interpreted."""
    words = {"Y": say("output_of_forward"), "P": say("the_probabilities")}
    clear = {("y", "Y"), ("h", "Y"), ("p", "Y")}
    return [
        say("argument_taken_as", name=name, meaning=words.get(meaning, meaning))
        for name, meaning in asked.items()
        if meaning != "G" and name.lower() != meaning.lower() and (name.lower(), meaning) not in clear
    ]


def _to_array(function: str, name: str, value: Any, kinds: str) -> Array:
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
    """Check code that may compute this chain; None if it turns out to compute a different one, which is tried next."""
    rng = np.random.default_rng(0)
    chain, point = layout.chain, exam.given.point
    n = len(point.X)
    one, other = batch_sizes(layout, n)
    ask(exam, [draw(layout, size, rng) for size in (one, one, one, other)])
    exam.shift_note = _shift_away_from_kinks(chain, point)
    exam.given = call_at(exam.question, point)
    if all(call.answer.raised for call in exam.draws):
        if not exam.given.answer.raised:
            raised = exam.draws[0].answer.raised
            ask(exam, [draw(layout, n, rng) for _ in range(4)])
            exam.notes.append(say("fails_with_others", other=one, n=n, error=raised))
            if n == 1:
                exam.notes.append(say("one_example"))
        elif square is not None:
            return _examine_square(exam, square_question, square, rng)
    exam.chain, exam.matched, exam.nearly = match_any(exam.calls(), (chain, *layout.alternatives))
    answered = any(np.isfinite(call.answer.loss) for call in exam.calls())
    if not exam.matched and answered and not last:
        return None  # it does not compute what was assumed
    return conclude(exam, directions, rng)


def _shift_away_from_kinks(chain: Chain, point: Point) -> Said | None:
    """Move the point away from kinks; return what was moved if a gradient changes by more than 1%, else None."""
    before = Point(point.params, point.X, point.y, point.G)
    moved = move_away_from_kinks(chain, point)
    point.forget_values()
    old, new = gradients(chain, before), gradients(chain, point)
    if all(is_close(old[site], new[site], 0.01) for site in new):
        return None
    shifts = say("and").join(say("moved_by", name=name, size=format_number(by)) for name, by in moved.items())
    return say("moved", shifts=shifts)


def _examine_square(exam: Examination, question: Any, square: Layout, rng: np.random.Generator) -> Report:
    """Check code that raises with the caller's shapes. With layers of equal width it may run, and show its mistake."""
    other = Examination(exam.name, question, square.chain, exam.given, catalogue=exam.catalogue)
    for sizes in [(5, 5, 5, 8), (6, 6, 6, 6)]:  # without any transpose it runs only if n is 6 too
        ask(other, [draw(square, n, rng) for n in sizes])
        if not all(call.answer.raised for call in other.draws):
            break
    if all(call.answer.raised for call in other.draws):
        return conclude(exam, 0, rng)
    other.given = other.draws[0]
    other.problems = [say("it_raised", error=exam.given.answer.raised)]
    other.preface = say("with_your_shapes", error=exam.given.answer.raised)
    other.chain, other.matched, other.nearly = match_any(other.draws, (square.chain, *square.alternatives))
    return conclude(other, None, rng)


def _examine_unknown(exam: Examination, directions: int | None) -> Report:
    """Check a function whose formulas are not known: at the caller's numbers, and at others near them."""
    rng = np.random.default_rng(0)
    given = exam.given.point

    def draw_nearby() -> Point:
        def nudge(array: Array) -> Array:
            size = float(np.std(array)) or float(np.max(np.abs(array), initial=0.0)) or 0.1
            return np.asarray(array + 0.1 * size * rng.normal(size=array.shape))  # an array even without axes

        order = rng.permutation(len(given.X)) if given.y is not None else np.arange(len(given.X))
        X, y = given.X[order], None if given.y is None else given.y[order]
        G = None if given.G is None else rng.normal(size=given.G.shape)
        params = {name: nudge(array) for name, array in given.params.items()}
        return Point(params, nudge(X) if X.dtype.kind == "f" else X, y, G)

    ask(exam, [draw_nearby() for _ in range(3)])
    exam.given.answer = exam.question.ask(given)
    return conclude(exam, directions, rng)
