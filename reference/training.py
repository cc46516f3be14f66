"""The training loop in PyTorch: the twin of `numpynet.training.loop`, which records the same history."""

import time

import torch

from numpynet import History


def train(net, loss, optimizer, batches, *, num_epochs, test_batches=None):
    """Train net on batches, an iterable of (X, y) such as a DataLoader, once per epoch; return the history."""
    history = History()
    for _ in range(num_epochs):
        start = time.perf_counter()
        total_loss = total_right = count = 0
        for X, y in batches:
            y_hat = net(X)
            value = loss(y_hat, y)
            # backward() adds the new gradient to .grad, because the gradient of a tensor that is used twice is the sum
            # over both uses. So the gradient of the previous step must be cleared first. numpynet needs no zero_grad:
            # a forward pass uses each parameter once, so backward simply sets grad.
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            total_loss += value.item() * len(y)
            total_right += 0 if y.is_floating_point() else accuracy(y_hat, y) * len(y)
            count += len(y)
        if count == 0:
            raise ValueError("train: batches must start over in every epoch, as a DataLoader does, got none")
        history.seconds.append(time.perf_counter() - start)
        history.train_loss.append(total_loss / count)
        if not y.is_floating_point():
            history.train_accuracy.append(total_right / count)
        if test_batches is not None:
            test_loss, test_accuracy = evaluate(net, loss, test_batches)
            history.test_loss.append(test_loss)
            history.test_accuracy.append(test_accuracy)
    return history


def accuracy(O, y):
    """The share of the rows of O whose largest logit is at the right class; y (n,) holds classes."""
    if y.is_floating_point() or y.shape != O.shape[:1]:
        got = f"got {y.dtype} of shape {tuple(y.shape)}"
        raise ValueError(f"accuracy: y must be classes, integers of shape {tuple(O.shape[:1])}, {got}")
    return (O.argmax(dim=1) == y).double().mean().item()


@torch.no_grad()
def evaluate(net, loss, batches):
    """The mean loss and the accuracy of a classifier over all batches, an iterable of (X, y) such as a DataLoader."""
    total_loss = total_right = count = 0
    for X, y in batches:
        O = net(X)
        total_right += accuracy(O, y) * len(y)
        total_loss += loss(O, y).item() * len(y)
        count += len(y)
    if count == 0:
        raise ValueError("evaluate: batches must start over every time, as a DataLoader does, got none")
    return total_loss / count, total_right / count
