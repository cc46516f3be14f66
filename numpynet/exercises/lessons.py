"""The exercises: what to write, how many points it is worth, and on which numbers it is marked.

The numbers are chosen so that every term shows: no two sizes are equal, no two biases, batches have several sizes, and
logits are as large as they get.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from numpynet import functional, layers
from numpynet.arguments import Array
from numpynet.exercises import forward_mistakes as wrong
from numpynet.exercises.marks import (
    Exercise,
    Layer,
    Result,
    compare,
    draw,
    equal,
    is_backward_of,
    is_forward_of,
    is_layer,
    is_model,
    matches,
    passes,
    raise_if_unwritten,
    right,
    told,
    updates,
    waits_for,
)
from numpynet.exercises.numpy_lesson import NUMPY
from numpynet.exercises.remote import Lesson, Object
from numpynet.exercises.understanding import UNDERSTANDING
from numpynet.gradcheck import check_layer
from numpynet.gradcheck.asking import LearnerError
from numpynet.scratch import linear_regression, mlp, softmax_regression
from numpynet.wording import say, wrap


def _linear_case(n: int, d: int, m: int) -> tuple[Array, Array, Array]:
    return draw(n, n, d), draw(10 * d, d, m), draw(100 * m, m)


def _mlp_case(n: int, d: int, h: int, q: int) -> tuple[dict[str, Array], Array]:
    W1, b1, W2, b2 = draw(3, d, h), draw(5, h), draw(7, h, q), draw(9, q)
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}, draw(11, n, d)


def _as_params(case: tuple[Array, Array, Array]) -> tuple[dict[str, Array], Array]:
    X, W, b = case
    return {"W": W, "b": b}, X


LINEAR = [
    _linear_case(2, 3, 4),
    _linear_case(5, 2, 3),
    _linear_case(1, 4, 2),
    _linear_case(7, 2, 5),
    _linear_case(3, 3, 3),
]
REGRESSION = [_linear_case(2, 3, 1), _linear_case(5, 4, 1), _linear_case(1, 2, 1)]
LOSSES = [(draw(1, *shape), draw(2, *shape)) for shape in ((3, 2), (5, 1), (2, 4), (7, 3))]
LARGE = np.array([[2000.0, 0.0], [700.0, 700.5], [5.0, 2.0]])
SMALL = np.array([[-1000.0, 0.0], [0.0, -1000.0], [-1000.0, -1000.5]])
LOGITS = [draw(4, 2, 3), draw(6, 5, 4), draw(8, 1, 2), draw(9, 7, 3), LARGE, SMALL]
CLASSES = [np.array(y) for y in ([2, 0], [3, 1, 0, 1, 2], [1], [0, 2, 1, 1, 0, 2, 2], [0, 1, 1], [0, 0, 1])]
RELU = [
    (np.array([[-1.5, 0.8], [0.0, 2.3], [0.4, -0.6]]),),
    (20 * draw(13, 5),),
    (draw(14, 2, 3, 4),),
    (draw(15, 7, 2),),
]
MLPS = [_mlp_case(2, 3, 4, 5), _mlp_case(4, 2, 5, 3), _mlp_case(1, 5, 3, 2), _mlp_case(7, 4, 2, 6)]

rng = np.random.default_rng(0)
DRAWN, WEIGHTS, BIAS, SCORES = (rng.normal(size=shape) for shape in ((5, 4), (4, 3), 3, (5, 3)))
TARGETS, TARGET_CLASSES = rng.normal(size=(5, 1)), np.arange(5) % 3
ONE, SEVERAL = {"W": WEIGHTS[:, :1], "b": BIAS[:1]}, {"W": WEIGHTS, "b": BIAS}
TWO = {"W1": rng.normal(size=(4, 6)), "b1": rng.normal(size=6), "W2": rng.normal(size=(6, 3)), "b2": BIAS}


def _make_linear(lesson: Lesson) -> Object:
    layer = lesson.own("Linear", 3, 4, rng=np.random.default_rng(0))
    W, b = layer.parameters()
    W.data, b.data = LINEAR[0][1], LINEAR[0][2]
    return layer


def _linear_output(X: Array) -> Array:
    return functional.linear(X, LINEAR[0][1], LINEAR[0][2])


def _network(widths: tuple[int, ...]) -> list[Any]:
    """Linear layers of these widths with ReLUs between them, by the library."""
    rng = np.random.default_rng(sum(widths))
    made: list[Any] = []
    for d, m in itertools.pairwise(widths):
        made += [layers.Linear(d, m, rng=rng, sigma=1.0, dtype=np.float64), layers.ReLU()]
        made[-2].b.data = draw(d + m, m)
    return made[:-1]


def _copy_there(lesson: Lesson, network: list[Any]) -> list[Object]:
    """The same layers of the library, in the lesson's process."""
    copies = []
    for layer in network:
        if isinstance(layer, layers.ReLU):
            copies.append(lesson.library("ReLU"))
            continue
        rng = np.random.default_rng(0)
        copies.append(lesson.library("Linear", *layer.W.data.shape, rng=rng, dtype=np.float64))
        for parameter, own in zip(copies[-1].parameters(), layer.parameters(), strict=True):
            parameter.data = own.data
    return copies


def _make_sequential(lesson: Lesson, widths: tuple[int, ...]) -> Object:
    """The learner's Sequential of such a network."""
    return lesson.own("Sequential", *(layer.ref for layer in _copy_there(lesson, _network(widths))))


WIDTHS = ((3, 4, 2), (4, 2), (3, 5, 4, 2), (3, 3, 3))


def _mark_sequential_forward(name: str, lesson: Lesson) -> Result:
    for widths in WIDTHS:
        network = _network(widths)

        def through(X: Array, own: list[Any] = network) -> Any:
            for layer in own:
                X = layer(X)
            return X

        def wrongs(X: Array, own: list[Any] = network) -> Mapping[str, Any]:
            return {
                "layer_skipped": lambda: through(X, own[:-1]),
                "returned_unchanged": lambda: X,
                "layers_in_forward_order": lambda: through(X, own[::-1]),
            }

        cases = [(draw(n, n, widths[0]),) for n in (2, 7)]
        copies = _copy_there(lesson, network)
        sequential = lesson.own("Sequential", *(layer.ref for layer in copies))
        result = compare(name, sequential.forward, through, "X", wrongs, cases)
        if not result.ok:
            return result
        try:
            sequential.forward(cases[0][0])
            copies[-1].backward(np.ones((len(cases[0][0]), widths[-1])))
        except LearnerError:
            return Result(False, "\n".join(wrap(f"{say('backward_fails', name=name)} {say('call_forward')}")))
    return right(name)


def _mark_sequential_backward(name: str, lesson: Lesson) -> Result:
    if not passes(_mark_sequential_forward, "Sequential.forward", lesson):
        return waits_for(name, "Sequential.forward")
    sequential = _make_sequential(lesson, WIDTHS[0])
    raise_if_unwritten(lambda: sequential.backward(np.ones_like(sequential.forward(draw(2, 2, 3)))))
    for widths in (WIDTHS[3], *WIDTHS[:3]):
        X = draw(5, 5, widths[0])
        checked = _make_sequential(lesson, widths)
        checked.__name__ = name
        report = check_layer(checked, X)
        if report.ok:
            continue
        network = _network(widths)
        mistake = _recognise_order(_make_sequential(lesson, widths), network, X) if widths == WIDTHS[3] else ""
        return told(name, ["."], mistake) if mistake else Result(False, report.text, report.mistakes)
    return right(name)


def _recognise_order(sequential: Object, network: list[Any], X: Array) -> str:
    """The mistake in how the gradient goes through square layers, by what it returns."""
    for layer in network:
        X = layer.forward(X)
    grad_Y = draw(3, *X.shape)
    sequential.forward(draw(5, 5, network[0].W.data.shape[0]))
    try:
        found = sequential.backward(grad_Y.copy())
    except LearnerError:
        return ""

    def through(order: list[Any]) -> Any:
        grad = grad_Y
        for layer in order:
            grad = grad @ layer.W.data.T if isinstance(layer, layers.Linear) else grad * (relu_output > 0)
        return grad

    relu_output = functional.relu(network[0](draw(5, 5, network[0].W.data.shape[0])))
    orders = {"layers_in_forward_order": network, "layer_skipped": network[::-1][:-1], "returned_unchanged": []}
    orders["layer_skipped_last"] = network[::-1][1:]
    name = next((name for name, order in orders.items() if equal(found, through(order))), "")
    return name.removesuffix("_last")


def _sgd(lesson: Lesson, params: dict[str, Array], grads: dict[str, Array], lr: float) -> tuple[Any, Any]:
    lesson.function("sgd")(params, dict(reversed(grads.items())), lr)  # the names say which belong together
    return params, grads


def _sgd_step(lesson: Lesson, params: dict[str, Array], grads: dict[str, Array], lr: float) -> tuple[Any, Any]:
    made = [lesson.library("Parameter", array) for array in params.values()]
    for parameter, grad in zip(made, grads.values(), strict=True):
        parameter.grad = grad
    shared = [lesson.library("Parameter", parameter.part(".data")) for parameter in made]  # shows what is in place
    optimizer = lesson.own("SGD", [parameter.ref for parameter in made], lr)
    steps = []
    for _ in range(2):  # the second step must be as long as the first
        optimizer.call("step")
        steps.append({name: parameter.data for name, parameter in zip(params, shared, strict=True)})
    first, second = steps
    same = all(equal(second[name] - first[name], first[name] - params[name]) for name in params)
    after = first if same or any(np.shape(first[name]) != params[name].shape for name in params) else second
    return after, {name: parameter.grad for name, parameter in zip(params, made, strict=True)}


def _softmax_cross_entropy(O: Array, y: Array) -> Any:
    return functional.softmax_cross_entropy(O, y)


LINEAR_LAYER = Layer(
    _make_linear,
    _linear_output,
    lambda X: [X, X.T],
    lambda X, grad_Y: functional.linear_backward(grad_Y, X, LINEAR[0][1]),
    lambda X: wrong.wrong_linear(X, LINEAR[0][1], LINEAR[0][2]),
    [(draw(2, 2, 3),), (draw(5, 5, 3),), (draw(1, 1, 3),), (draw(4, 4, 3),)],
)
RELU_LAYER = Layer(
    lambda lesson: lesson.own("ReLU"),
    functional.relu,
    lambda X: [X, functional.relu(X), X > 0, X <= 0],
    lambda X, grad_Y: (functional.relu_backward(grad_Y, functional.relu(X)),),
    wrong.wrong_relu,
    RELU,
)
ONE_LAYER = [_as_params(case) for case in LINEAR]

EXERCISES = (
    *NUMPY,
    Exercise("lesson1_functions", "linear", 1, matches(functional.linear, "X W b", wrong.wrong_linear, LINEAR)),
    Exercise(
        "lesson1_functions",
        "linear_backward",
        3,
        is_backward_of(
            functional.linear, functional.linear_backward, "grad_Y X W", [(DRAWN, WEIGHTS, BIAS), *LINEAR[:4]]
        ),
        ("X", "W", "b"),
    ),
    Exercise(
        "lesson1_functions",
        "squared_loss",
        1,
        matches(functional.squared_loss, "y_hat y", wrong.wrong_squared_loss, LOSSES),
    ),
    Exercise(
        "lesson1_functions",
        "squared_loss_backward",
        1,
        is_backward_of(
            functional.squared_loss,
            functional.squared_loss_backward,
            "y_hat y",
            [(DRAWN, DRAWN[::-1] + 1), *LOSSES, (draw(1, 7), draw(2, 7))],
        ),
    ),
    Exercise("lesson1_functions", "sgd", 1, updates(_sgd, wrong.wrong_sgd)),
    Exercise(
        "lesson1_functions",
        "softmax",
        2,
        matches(functional.softmax, "O", wrong.wrong_softmax, [(O,) for O in LOGITS]),
    ),
    Exercise(
        "lesson1_functions",
        "softmax_cross_entropy",
        2,
        matches(
            _softmax_cross_entropy,
            "O y",
            wrong.wrong_softmax_cross_entropy,
            list(zip(LOGITS, CLASSES, strict=True)),
        ),
    ),
    Exercise(
        "lesson1_functions",
        "softmax_cross_entropy_backward",
        2,
        is_backward_of(
            functional.softmax_cross_entropy,
            functional.softmax_cross_entropy_backward,
            "P y",
            [(SCORES, TARGET_CLASSES), *zip(LOGITS, CLASSES, strict=True)],
        ),
    ),
    Exercise("lesson1_functions", "relu", 1, matches(functional.relu, "X", wrong.wrong_relu, RELU)),
    Exercise(
        "lesson1_functions",
        "relu_backward",
        1,
        is_backward_of(functional.relu, functional.relu_backward, "grad_Y Y", [(DRAWN,), *RELU]),
    ),
    Exercise(
        "lesson2_linear_regression",
        "predict",
        1,
        matches(linear_regression.predict, "params X", wrong.wrong_predict, [_as_params(case) for case in REGRESSION]),
    ),
    Exercise(
        "lesson2_linear_regression",
        "loss_and_gradients",
        2,
        is_model(linear_regression.loss_and_gradients, ONE, DRAWN, TARGETS, 10),
        ("W", "b"),
    ),
    Exercise(
        "lesson3_softmax_regression",
        "predict",
        1,
        matches(softmax_regression.predict, "params X", wrong.wrong_predict, ONE_LAYER),
    ),
    Exercise(
        "lesson3_softmax_regression",
        "loss_and_gradients",
        2,
        is_model(softmax_regression.loss_and_gradients, SEVERAL, DRAWN, TARGET_CLASSES, 1000),
        ("W", "b"),
    ),
    Exercise("lesson4_mlp", "predict", 1, matches(mlp.predict, "params X", wrong.wrong_mlp, MLPS)),
    Exercise(
        "lesson4_mlp",
        "loss_and_gradients",
        4,
        is_model(mlp.loss_and_gradients, TWO, DRAWN, TARGET_CLASSES, 100),
        ("W1", "b1", "W2", "b2"),
    ),
    Exercise("lesson5_layers", "Linear.forward", 1, is_forward_of(LINEAR_LAYER)),
    Exercise("lesson5_layers", "Linear.backward", 1, is_layer(LINEAR_LAYER, draw(2, 2, 3))),
    Exercise("lesson5_layers", "ReLU.forward", 1, is_forward_of(RELU_LAYER)),
    Exercise("lesson5_layers", "ReLU.backward", 1, is_layer(RELU_LAYER, DRAWN)),
    Exercise("lesson5_layers", "Sequential.forward", 1, _mark_sequential_forward),
    Exercise("lesson5_layers", "Sequential.backward", 1, _mark_sequential_backward),
    Exercise("lesson5_layers", "SGD.step", 1, updates(_sgd_step, wrong.wrong_sgd)),
    *UNDERSTANDING,
)
