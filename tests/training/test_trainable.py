"""The two kinds of model that a loop can train: the same figures and steps from both."""

import numpy as np
import pytest

from numpynet import SGD, CrossEntropyLoss, SquaredLoss, models, scratch, train, train_scratch
from numpynet.training.trainable import FromLayers, FromScratch
from tests.helpers.training import blobs


def pair_of(name, sizes, loss):
    """The two versions of a model, with the same weights."""
    rng = np.random.default_rng(3)
    params = getattr(scratch, name).init_parameters(*sizes, rng=rng, dtype=np.float64)
    params = {key: array + 0.3 * rng.normal(size=array.shape) for key, array in params.items()}
    net = getattr(models, name)(*sizes, rng=rng, dtype=np.float64)
    net.load_state_dict(dict(zip(net.state_dict(), params.values(), strict=True)))
    return FromScratch(getattr(scratch, name), params, 0.2), FromLayers(net, loss, SGD(net.parameters(), 0.2))


X = np.random.default_rng(0).normal(size=(7, 4))
CLASSES = np.array([0, 2, 1, 1, 0, 2, 2])
PAIRS = {
    "linear_regression": ((4,), SquaredLoss(), X[:, :1] * 2 - 1),
    "softmax_regression": ((4, 3), CrossEntropyLoss(), CLASSES),
    "mlp": ((4, 5, 3), CrossEntropyLoss(), CLASSES),
}


@pytest.fixture(params=PAIRS)
def case(request):
    sizes, loss, y = PAIRS[request.param]
    return *pair_of(request.param, sizes, loss), y


def test_both_predict_and_differentiate_alike(case):
    a, b, y = case
    loss, y_hat, grads = a.loss_and_gradients(X, y)
    other_loss, other_y_hat, other_grads = b.loss_and_gradients(X, y)
    assert loss == other_loss
    for predictions in (other_y_hat, a.predict(X), b.predict(X)):
        np.testing.assert_array_equal(y_hat, predictions)
    for grad, other in zip(grads.values(), other_grads.values(), strict=True):
        np.testing.assert_array_equal(grad, other)
        assert np.abs(grad).max() > 0
    assert list(grads) == list(a.parameters())
    assert list(other_grads) == list(b.parameters())


def test_both_update_their_parameters_in_place_and_alike(case):
    a, b, y = case
    before = {name: array.copy() for name, array in a.parameters().items()}
    arrays = [*a.parameters().values(), *b.parameters().values()]
    for model in (a, b):
        model.update(model.loss_and_gradients(X, y)[2])
    assert all(x is y for x, y in zip(arrays, [*a.parameters().values(), *b.parameters().values()], strict=True))
    for own, other, start in zip(a.parameters().values(), b.parameters().values(), before.values(), strict=True):
        np.testing.assert_array_equal(own, other)
        assert (own != start).any()


def test_both_say_their_learning_rate(case):
    assert case[0].lr == case[1].lr == 0.2


def test_predicting_leaves_what_a_network_remembered(case):
    _, model, y = case
    y_hat = model.net.forward(X)
    model.loss.forward(y_hat, y)
    model.predict(X[:3])
    model.net.backward(model.loss.backward())  # of all seven


def test_a_network_that_is_no_layer_trains_too():
    """It has what the loop calls: __call__, forward, backward and parameters."""
    net = models.mlp(4, 5, 3, rng=np.random.default_rng(0))
    names = ("forward", "backward", "parameters")

    class Own:
        def __init__(self):
            for name in names:
                setattr(self, name, getattr(net, name))

        def __call__(self, X):
            return net(X)

    options = {"num_epochs": 2, "batch_size": 3, "rng": np.random.default_rng(1), "progress": False}
    data = X.astype(np.float32), CLASSES
    history = train(Own(), CrossEntropyLoss(), SGD(net.parameters(), 0.1), data, test=data, **options)
    assert len(history.train_loss) == len(history.test_loss) == 2


@pytest.mark.parametrize("name", ["softmax_regression", "mlp"])
def test_scratch_and_concise_train_to_the_same_bits(name, rng):
    data, test = blobs(rng), blobs(rng)
    sizes = {"softmax_regression": (16, 3), "mlp": (16, 8, 3)}[name]
    options = {"num_epochs": 3, "batch_size": 10, "test": test, "progress": False}
    net = getattr(models, name)(*sizes, rng=np.random.default_rng(1))
    concise = train(net, CrossEntropyLoss(), SGD(net.parameters(), 0.1), data, rng=np.random.default_rng(2), **options)
    module = getattr(scratch, name)
    params = module.init_parameters(*sizes, rng=np.random.default_rng(1))
    own = train_scratch(module, params, data, lr=0.1, rng=np.random.default_rng(2), **options)
    assert own.train_loss == concise.train_loss
    assert own.train_accuracy == concise.train_accuracy
    assert own.test_accuracy == concise.test_accuracy
    for array, parameter in zip(params.values(), net.parameters(), strict=True):
        np.testing.assert_array_equal(array, parameter.data)
