"""The models from scratch: gradients against central differences, and bit for bit the same training as the concise ones."""

import numpy as np
import pytest

from numpynet import SGD, CrossEntropyLoss, SquaredLoss, minibatches, models, scratch, sgd
from tests.helpers.compare import away_from_zero, check_model_gradients

SIZES = {"linear_regression": (6,), "softmax_regression": (6, 4), "mlp": (6, 5, 4)}


def problem(name, n, rng, dtype=np.float64, scale=30):
    """The module, parameters (scaled up, so that hidden units keep away from the kink), and data for it."""
    module = getattr(scratch, name)
    params = {key: scale * value for key, value in module.init_parameters(*SIZES[name], rng=rng, dtype=dtype).items()}
    for key in params:
        if key.startswith("b"):
            params[key] += away_from_zero(rng, params[key].shape).astype(dtype)
    X = rng.normal(size=(n, 6)).astype(dtype)
    y = rng.normal(size=(n, 1)).astype(dtype) if name == "linear_regression" else rng.integers(0, 4, n)
    return module, params, X, y


@pytest.mark.parametrize("n", [1, 5, 96])
@pytest.mark.parametrize("name", SIZES)
def test_gradients_from_scratch_agree_with_central_differences(name, n):
    module, params, X, y = problem(name, n, np.random.default_rng(n))
    check_model_gradients(module.loss_and_gradients, params, X, y)


@pytest.mark.parametrize("name", SIZES)
def test_a_batchs_gradient_is_the_mean_of_its_examples_gradients(name):
    module, params, X, y = problem(name, 8, np.random.default_rng(1))
    together = module.loss_and_gradients(params, X, y)[1]
    each = [module.loss_and_gradients(params, X[i : i + 1], y[i : i + 1])[1] for i in range(8)]
    for key, gradient in together.items():
        np.testing.assert_allclose(gradient, np.mean([g[key] for g in each], axis=0), rtol=0, atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", SIZES)
def test_scratch_and_concise_train_bit_for_bit_alike(name, dtype):
    module, _, X, y = problem(name, 50, np.random.default_rng(2), dtype)
    params = module.init_parameters(*SIZES[name], rng=np.random.default_rng(3), dtype=dtype)
    net = getattr(models, name)(*SIZES[name], rng=np.random.default_rng(3), dtype=dtype)
    loss = SquaredLoss() if name == "linear_regression" else CrossEntropyLoss()
    optimizer = SGD(net.parameters(), lr=0.1)
    order, same_order = np.random.default_rng(4), np.random.default_rng(4)
    for _ in range(10):
        batches = zip(minibatches(X, y, 8, rng=order), minibatches(X, y, 8, rng=same_order), strict=True)
        for (X_batch, y_batch), batch in batches:
            value, grads = module.loss_and_gradients(params, X_batch, y_batch)
            sgd(params, grads, lr=0.1)
            assert loss.forward(net.forward(batch[0]), batch[1]) == value
            net.backward(loss.backward())
            optimizer.step()
    for array, parameter in zip(params.values(), net.parameters(), strict=True):
        assert array.dtype == dtype
        np.testing.assert_array_equal(array, parameter.data)
    np.testing.assert_array_equal(module.predict(params, X), net(X))


def test_hidden_units_at_exactly_0_pass_no_gradient_back():
    """The kink: an example of zeros, with b1 = 0, puts every hidden unit at 0."""
    params = scratch.mlp.init_parameters(6, 5, 4, rng=np.random.default_rng(0), dtype=np.float64)
    _, grads = scratch.mlp.loss_and_gradients(params, np.zeros((1, 6)), np.array([2]))
    np.testing.assert_array_equal(grads["b1"], np.zeros(5))
    assert grads["b2"].any()


@pytest.mark.parametrize("name", ["softmax_regression", "mlp"])
def test_classifiers_from_scratch_take_images_as_they_are(name):
    module, params, X, y = problem(name, 5, np.random.default_rng(5))
    images = X.reshape(5, 2, 3)
    np.testing.assert_array_equal(module.predict(params, images), module.predict(params, X))
    loss, grads = module.loss_and_gradients(params, images, y)
    expected_loss, expected = module.loss_and_gradients(params, X, y)
    assert loss == expected_loss
    for key, gradient in grads.items():
        np.testing.assert_array_equal(gradient, expected[key])


@pytest.mark.parametrize("name", SIZES)
def test_nothing_in_nothing_out(name):
    module, params, X, _ = problem(name, 1, np.random.default_rng(6))
    assert module.predict(params, X[:0]).shape == (0, module.predict(params, X).shape[1])


@pytest.mark.parametrize("name", SIZES)
def test_arguments_are_never_changed(name):
    module, params, X, y = problem(name, 5, np.random.default_rng(7))
    before = {key: value.copy() for key, value in {**params, "X": X, "y": y}.items()}
    module.loss_and_gradients(params, X, y)
    module.predict(params, X)
    for key, value in {**params, "X": X, "y": y}.items():
        np.testing.assert_array_equal(value, before[key])


def test_targets_that_differ_in_shape_are_refused():
    module, params, X, y = problem("linear_regression", 5, np.random.default_rng(8))
    with pytest.raises(
        ValueError, match=r"squared_loss: y_hat and y must have the same shape, got \(5, 1\) and \(5,\)"
    ):
        module.loss_and_gradients(params, X, y[:, 0])
