"""Lesson 6, on understanding: shapes and numbers that are filled in, gradients by entry, and programs to fix."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from numpynet import functional
from numpynet.arguments import Array
from numpynet.exercises.marks import (
    Exercise,
    Mark,
    Result,
    draw,
    equal,
    is_backward_of,
    is_model,
    matches,
    no_names,
    right,
    show,
)
from numpynet.exercises.remote import Lesson
from numpynet.wording import say, wrap

LESSON = "lesson6_understanding"
n, d, h, q = 32, 784, 100, 10
SHAPES: dict[str, tuple[int, ...]] = {
    **{"X": (n, d), "W1": (d, h), "b1": (h,), "Z": (n, h), "H": (n, h), "W2": (h, q), "b2": (q,), "O": (n, q)},
    **{"y": (n,), "loss": (), "grad_O": (n, q), "grad_W2": (h, q), "grad_b2": (q,), "grad_H": (n, h)},
    **{"grad_Z": (n, h), "grad_W1": (d, h), "grad_b1": (h,)},
}


def _work_out() -> dict[str, Any]:
    """The network of by_hand, computed."""
    X, y = np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([[0.0, 6.0], [1.0, 3.0]])
    W1, b1 = np.array([[1.0, -1.0], [2.0, 1.0]]), np.array([0.0, 1.0])
    W2, b2 = np.array([[1.0, 0.0], [-1.0, 2.0]]), np.array([-1.0, 1.0])
    Z = functional.linear(X, W1, b1)
    H = functional.relu(Z)
    y_hat = functional.linear(H, W2, b2)
    grad_y_hat = functional.squared_loss_backward(y_hat, y)
    grad_H, grad_W2, grad_b2 = functional.linear_backward(grad_y_hat, H, W2)
    grad_Z = functional.relu_backward(grad_H, H)
    _, grad_W1, grad_b1 = functional.linear_backward(grad_Z, X, W1)
    found = {"Z": Z, "H": H, "y_hat": y_hat, "loss": functional.squared_loss(y_hat, y), "grad_y_hat": grad_y_hat}
    found |= {"grad_W2": grad_W2, "grad_b2": grad_b2, "grad_H": grad_H, "grad_Z": grad_Z}
    return found | {"grad_W1": grad_W1, "grad_b1": grad_b1}


BY_HAND = _work_out()


def filled_in(expected: Mapping[str, Any], same: Callable[[Any, Any], bool]) -> Mark:
    """The function returns a dict with the right value for every name; None is a blank that is not filled in yet."""

    def mark(name: str, lesson: Lesson) -> Result:
        found = lesson.function(name)()
        if not isinstance(found, Mapping) or not set(expected) <= set(found):
            return Result(False, say("needs_dict", name=name, names=", ".join(expected)))
        if all(found[key] is None for key in expected):
            raise NotImplementedError(name)
        blank = [key for key in expected if found[key] is None]
        wrong = [key for key in expected if key not in blank and not same(found[key], expected[key])]
        if not blank and not wrong:
            return right(name)
        words = [say("wrong_entries", names=", ".join(wrong))] * bool(wrong)
        words += [say("blank_entries", names=", ".join(blank))] * bool(blank)
        lines = wrap(say("not_right_yet", name=name, what="; ".join(words)))
        if wrong:
            lines += ["", say("yours_is", name=wrong[0], value=show(_as_shown(found[wrong[0]])))]
        return Result(False, "\n".join(lines), (), (*wrong, *blank))

    return mark


def _as_shown(value: Any) -> Any:
    try:
        return np.asarray(value, np.float64) if isinstance(value, list) else value
    except ValueError:
        return value


def same_shape(found: Any, expected: tuple[int, ...]) -> bool:
    return isinstance(found, tuple | list) and tuple(found) == expected


def same_numbers(found: Any, expected: Any) -> bool:
    """To 1e-6, or to the three digits that one writes down."""
    try:
        array = np.asarray(found, np.float64)
    except (TypeError, ValueError):
        return False
    return array.shape == np.shape(expected) and bool(np.allclose(array, expected, rtol=0, atol=5e-4))


def fixed(mark: Mark) -> Mark:
    """Marked like this, but without a word of what the mistake is: it is to be found."""

    def without_words(name: str, lesson: Lesson) -> Result:
        result = mark(name, lesson)
        if result.ok:
            return result
        wrong = [f"grad_{each}" for each in result.wrong]
        numbers = 0 < len(wrong) < 4 and "argument_changed" not in result.mistakes
        where = say("look_at", names=say("and").join(wrong)) if numbers else say("still_a_mistake")
        text: str = say("not_fixed", name=name, where=where)
        if say("raised", error="").rstrip("。. ") in result.text.splitlines()[0]:
            text = result.text.splitlines()[0]
        return replace(result, text=text, mistakes=(), wrong=())

    return without_words


def _step(name: str, lesson: Lesson) -> Result:
    """fix_step is marked by the parameters after it, and by grad_O, H and X, which stay as they are."""
    for seed, sizes in enumerate([(2, 3, 4, 5), (5, 4, 3, 2), (1, 2, 5, 3)]):
        params, X = _network(seed, *sizes)
        H = functional.relu(functional.linear(X, params["W1"], params["b1"]))
        grad_O = draw(seed + 50, len(X), sizes[3])
        grad_H, grad_W2, grad_b2 = functional.linear_backward(grad_O, H, params["W2"])
        grad_Z = functional.relu_backward(grad_H, H)
        _, grad_W1, grad_b1 = functional.linear_backward(grad_Z, X, params["W1"])
        grads = {"W1": grad_W1, "b1": grad_b1, "W2": grad_W2, "b2": grad_b2}
        expected = {key: params[key] - 0.1 * grads[key] for key in params}
        own, given = copy.deepcopy(params), copy.deepcopy((grad_O, H, X))
        lesson.function(name)(own, *given, 0.1)
        wrong = [key for key in expected if not equal(own[key], expected[key])]
        if wrong or not all(map(np.array_equal, given, (grad_O, H, X))):
            what = say("look_at", names=say("and").join(wrong)) if wrong else say("changes_more")
            return Result(False, say("not_fixed", name=name, where=what))
    return right(name)


def _network(seed: int, n: int, d: int, h: int, q: int) -> tuple[dict[str, Array], Array]:
    W1, b1, W2, b2 = draw(seed, d, h), draw(seed + 10, h), draw(seed + 20, h, q), draw(seed + 30, q)
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}, draw(seed + 40, n, d)


def _regression(params: Mapping[str, Array], X: Array, y: Array) -> tuple[Any, dict[str, Array]]:
    """The MLP of fix_mlp."""
    H = functional.relu(functional.linear(X, params["W1"], params["b1"]))
    y_hat = functional.linear(H, params["W2"], params["b2"])
    grad_y_hat = functional.squared_loss_backward(y_hat, y)
    grad_H, grad_W2, grad_b2 = functional.linear_backward(grad_y_hat, H, params["W2"])
    _, grad_W1, grad_b1 = functional.linear_backward(functional.relu_backward(grad_H, H), X, params["W1"])
    return functional.squared_loss(y_hat, y), {"W1": grad_W1, "b1": grad_b1, "W2": grad_W2, "b2": grad_b2}


GRADS, INPUTS, WEIGHTS = draw(21, 4, 3), draw(22, 4, 2), draw(23, 2, 3)
PROBABILITIES, CLASSES = functional.softmax(draw(24, 4, 3)), np.array([2, 0, 1, 0])
LARGE = np.array([[2000.0, 0.0], [3.0, 1.0], [-1000.0, -1001.0]])
RELU_NET = _network(4, 5, 4, 6, 3)
UNDERSTANDING = (
    Exercise(LESSON, "shapes", 3, filled_in(SHAPES, same_shape), tuple(SHAPES)),
    Exercise(LESSON, "by_hand", len(BY_HAND), filled_in(BY_HAND, same_numbers), tuple(BY_HAND)),
    Exercise(
        LESSON,
        "grad_W_entry",
        1,
        matches(
            lambda X, grad_Y, k, j: (X.T @ grad_Y)[k, j],
            "X grad_Y k j",
            no_names,
            [(INPUTS, GRADS, k, j) for k, j in ((1, 2), (0, 0), (1, 0), (0, 2))]
            + [(draw(25, 7, 3), draw(26, 7, 2), 2, 1)],
        ),
    ),
    Exercise(
        LESSON,
        "grad_X_entry",
        1,
        matches(
            lambda grad_Y, W, i, k: (grad_Y @ W.T)[i, k],
            "grad_Y W i k",
            no_names,
            [(GRADS, WEIGHTS, i, k) for i, k in ((3, 1), (0, 0), (1, 0), (2, 1))]
            + [(draw(27, 2, 5), draw(28, 3, 5), 1, 2)],
        ),
    ),
    Exercise(
        LESSON,
        "grad_O_entry",
        1,
        matches(
            lambda P, y, i, j: functional.softmax_cross_entropy_backward(P, y)[i, j],
            "P y i j",
            no_names,
            [(PROBABILITIES, CLASSES, i, j) for i, j in ((0, 2), (1, 1), (3, 0), (2, 0))]
            + [(functional.softmax(draw(29, 3, 5)), np.array([4, 1, 3]), i, 3) for i in (2, 1)],
        ),
    ),
    Exercise(
        LESSON,
        "fix_linear",
        1,
        fixed(
            is_backward_of(
                functional.linear,
                functional.linear_backward,
                "grad_Y X W",
                [(draw(31, 5, 4), draw(32, 4, 3), draw(33, 3)), (draw(34, 2, 3), draw(35, 3, 5), draw(36, 5))],
            )
        ),
    ),
    Exercise(
        LESSON,
        "fix_cross_entropy",
        1,
        fixed(
            is_backward_of(
                functional.softmax_cross_entropy,
                functional.softmax_cross_entropy_backward,
                "P y",
                [(draw(41, 5, 3), np.array([0, 2, 1, 1, 0])), (draw(42, 2, 4), np.array([3, 1]))],
            )
        ),
    ),
    Exercise(LESSON, "fix_mlp", 1, fixed(is_model(_regression, *RELU_NET, draw(43, 5, 3), 10))),
    Exercise(LESSON, "fix_step", 1, _step),
    Exercise(
        LESSON,
        "fix_softmax",
        1,
        fixed(matches(functional.softmax, "O", no_names, [(draw(44, 3, 4),), (LARGE,), (draw(45, 1, 2),)])),
    ),
)
