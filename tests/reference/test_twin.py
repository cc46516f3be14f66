"""The twin run names the step and the quantity at which two contenders first disagree."""

import re
from dataclasses import replace

import numpy as np
import pytest

import numpynet
from numpynet import make_shapes, models
from numpynet.book import MODELS
from tests.helpers.against_torch import mlp_without_mask

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install torch torchvision")

from reference import twin  # noqa: E402


def changed(change):
    """The scratch MLP with its loss and gradients changed."""

    def loss_and_gradients(params, X, y, right=numpynet.scratch.mlp.loss_and_gradients):
        return change(*right(params, X, y))

    return loss_and_gradients


def scaled(**factors):
    return changed(lambda loss, grads: (loss, {key: grad * factors.get(key, 1) for key, grad in grads.items()}))


DIFFER = "of numpynet scratch and of PyTorch scratch differ by"
SHAPES = "of numpynet scratch and of PyTorch scratch have shapes"
MISTAKES = {
    "mask dropped": (mlp_without_mask, f"grad_W1 {DIFFER}"),
    "sign of one": (scaled(b2=-1), f"grad_b2 {DIFFER} 2.0e+00, relative to its"),
    "sum for mean": (scaled(W1=64, b1=64, W2=64, b2=64), f"grad_W2 {DIFFER}"),
    "bias mean for sum": (scaled(b1=1 / 64), f"grad_b1 {DIFFER}"),
    "relative error 1e-9": (scaled(W2=1 + 1e-9), f"grad_W2 {DIFFER} 1.0e-09, relative to its largest entry"),
    "one gradient forgotten": (scaled(W1=0), f"grad_W1 {DIFFER}"),
    "loss doubled": (changed(lambda loss, grads: (2 * loss, grads)), f"loss {DIFFER}"),
    "not a number": (scaled(W2=np.nan), f"grad_W2 {DIFFER} nan"),
    "b2 as a row": (changed(lambda loss, grads: (loss, grads | {"b2": grads["b2"][None]})), f"grad_b2 {SHAPES} (1, 10) and (10,)"),
    "W1 transposed": (changed(lambda loss, grads: (loss, grads | {"W1": grads["W1"].T})), f"grad_W1 {SHAPES} (16, 784) and (784, 16)"),
    "b1 missing": (changed(lambda loss, grads: (loss, {key: grads[key] for key in ["W1", "W2", "b2"]})),
                   "numpynet scratch must give prediction, loss, grad_W2, grad_b2, grad_W1, grad_b1, got prediction, loss, grad_W1, grad_W2, grad_b2"),
    "signs, in another order": (changed(lambda loss, grads: (loss, {key: -grads[key] for key in ["b1", "b2", "W1", "W2"]})), f"grad_W2 {DIFFER}"),
}  # fmt: skip


def run_on_shapes(dtype, change=lambda contenders: None, num_hiddens=16):
    """The disagreement, if any, of one epoch of a small MLP, whose contenders have first been changed."""
    rng = np.random.default_rng(0)
    model = replace(MODELS["mlp"], sizes=(784, num_hiddens, 10))
    contenders = twin.make_contenders(model, lr=0.1, rng=rng, dtype=dtype)
    change(contenders)
    twins = twin.TwinRun(contenders, 64, rng)
    twins.epoch(make_shapes(640, 10, rng=rng).train)
    return twins.disagreement


@pytest.mark.parametrize(
    ("mistake", "dtype"),
    [(m, np.float64) for m in MISTAKES] + [(m, np.float32) for m in MISTAKES if m != "relative error 1e-9"],
)
@pytest.mark.slow
def test_the_twin_run_names_step_0_and_the_first_wrong_gradient(mistake, dtype, monkeypatch):
    loss_and_gradients, words = MISTAKES[mistake]
    monkeypatch.setattr(numpynet.scratch.mlp, "loss_and_gradients", loss_and_gradients)
    assert run_on_shapes(dtype).startswith(f"step 0: {words}")


def scale_lr(name, factor):
    def change(contenders):
        if name in (twin.NUMPY_SCRATCH, twin.TORCH_SCRATCH):
            contenders[name].lr *= factor
        elif name == twin.NUMPY_CONCISE:
            contenders[name].optimizer.lr *= factor
        else:
            contenders[name].optimizer.param_groups[0]["lr"] *= factor

    return change


@pytest.mark.parametrize("name", twin.REPEATED_BY)
@pytest.mark.parametrize(("dtype", "factor"), [(np.float64, 1 + 1e-9), (np.float32, 1 + 1e-4)])
def test_the_twin_run_sees_a_step_that_is_a_little_too_long(name, dtype, factor):
    assert run_on_shapes(dtype) is None
    words = run_on_shapes(dtype, scale_lr(name, factor))
    assert re.match("step 0: [Wb][12] of", words)
    assert f"of {name} " in words


def test_the_twin_run_sees_any_difference_between_numpynets_two():
    words = run_on_shapes(np.float32, scale_lr(twin.NUMPY_CONCISE, 1 + 1e-6))
    assert words.startswith("step 0: W1 of numpynet concise and of numpynet scratch differ by")


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_twin_run_names_a_later_step_that_is_the_first_wrong(dtype, monkeypatch):
    monkeypatch.setattr(torch.optim.SGD, "zero_grad", lambda optimizer: None)
    words = run_on_shapes(dtype)
    assert words.startswith("step 1: grad_W2 of PyTorch concise and of numpynet scratch differ by")


def wrong_prediction(params, X, right=numpynet.scratch.mlp.predict):
    """The scratch MLP's logits, with those of the last example a little too large."""
    O = right(params, X)
    O[-1] *= 1.01
    return O


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_twin_run_sees_a_wrong_prediction_with_a_right_loss(dtype, monkeypatch):
    monkeypatch.setattr(numpynet.scratch.mlp, "predict", wrong_prediction)
    assert run_on_shapes(dtype).startswith(f"step 0: prediction {DIFFER}")


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_twin_run_sees_one_unit_in_sixty_that_is_not_finite(dtype, wrong, monkeypatch):
    def planted(loss, grads):
        grads["b1"][7] = wrong
        return loss, grads

    monkeypatch.setattr(numpynet.scratch.mlp, "loss_and_gradients", changed(planted))
    assert run_on_shapes(dtype, num_hiddens=60).startswith(f"step 0: grad_b1 {DIFFER} nan or inf")


def test_the_twin_run_in_float32_sees_one_wrong_unit_in_sixty(monkeypatch):
    def planted(loss, grads):
        grads["W1"][:, 7] = grads["b1"][7] = 0
        return loss, grads

    monkeypatch.setattr(numpynet.scratch.mlp, "loss_and_gradients", changed(planted))
    assert run_on_shapes(np.float32, num_hiddens=60).startswith(f"step 0: grad_W1 {DIFFER}")


def test_in_float32_a_unit_within_rounding_of_0_may_be_on_or_off():
    """The units are 1 − 1 + 2e-9, which rounding may turn off; 1 − 1 + 2e-4, which it may not; and 1."""
    X, y = np.array([[1, -1, 2**-12]], np.float32), np.array([0])
    W1 = np.array([[1, 1, 1], [1, 1, 0], [1e-5, 1, 1]], np.float32)
    params = {"W1": W1, "b1": np.zeros(3, np.float32), "W2": np.eye(3, dtype=np.float32), "b2": np.zeros(3, np.float32)}
    undecided = twin.near_the_kink(params, X)
    assert undecided.tolist() == [True, False, False]

    _, grads = numpynet.scratch.mlp.loss_and_gradients(params, X, y)
    found, expected = ({f"grad_{name}": np.array(grad) for name, grad in grads.items()} for _ in range(2))
    expected["grad_W1"][:, 0] = expected["grad_b1"][0] = 0
    for name in [twin.NUMPY_SCRATCH, twin.TORCH_SCRATCH, twin.TORCH_CONCISE]:
        judge = twin.Judge(name, np.dtype("float32"))
        assert judge.first_difference(found, expected, undecided) is None
        assert "grad_W1" in judge.first_difference(found, expected, [])
        expected["grad_b1"][0] = np.nan
        assert "grad_b1" in judge.first_difference(found, expected, undecided)
        expected["grad_b1"][0] = 0
    assert not twin.Judge(twin.NUMPY_CONCISE, np.dtype("float32")).leaves_out
    assert not twin.Judge(twin.NUMPY_SCRATCH, np.dtype("float64")).leaves_out


def test_units_whose_every_term_is_0_are_decided():
    """At the start b1 is 0, so a black image would otherwise leave out every unit."""
    net = models.mlp(6, 4, 3, rng=np.random.default_rng(0))
    W1, b1 = (parameter.data for parameter in net.parameters()[:2])
    assert not twin.near_the_kink({"W1": W1, "b1": b1}, np.zeros((2, 6), np.float32)).any()
