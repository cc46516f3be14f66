"""PyTorch's models with the methods of `numpynet.training.trainable`, which take and return NumPy arrays."""

import torch


class TorchScratch:
    """A module of `reference.scratch` with params, arrays whose memory its tensors share: twin of `FromScratch`."""

    def __init__(self, module, params, lr):
        self.module, self.params, self.lr = module, params, lr
        self.tensors = {name: torch.from_numpy(array).requires_grad_() for name, array in params.items()}

    def parameters(self):
        return self.params

    def predict(self, X):
        with torch.no_grad():
            return self.module.predict(self.tensors, torch.from_numpy(X)).numpy()

    def loss_and_gradients(self, X, y):
        loss, grads = self.module.loss_and_gradients(self.tensors, torch.from_numpy(X), torch.from_numpy(y))
        return loss.item(), self.predict(X), {name: grad.numpy() for name, grad in grads.items()}

    @torch.no_grad()
    def update(self, grads):
        for name, tensor in self.tensors.items():
            tensor -= self.lr * torch.from_numpy(grads[name])


class TorchConcise:
    """An nn.Sequential, a loss and an optimizer of PyTorch, weights transposed as in numpynet: twin of `FromLayers`."""

    def __init__(self, net, loss, optimizer):
        self.net, self.loss, self.optimizer = net, loss, optimizer

    @property
    def lr(self):
        return self.optimizer.param_groups[0]["lr"]

    def parameters(self):
        return {name: tensor.detach().numpy().T for name, tensor in self.net.named_parameters()}

    def predict(self, X):
        with torch.no_grad():
            return self.net(torch.from_numpy(X)).numpy()

    def loss_and_gradients(self, X, y):
        y_hat = self.net(torch.from_numpy(X))
        loss = self.loss(y_hat, torch.from_numpy(y))
        self.optimizer.zero_grad()  # `reference.training` says why
        loss.backward()
        grads = {name: tensor.grad.numpy().T for name, tensor in self.net.named_parameters()}
        return loss.item(), y_hat.detach().numpy(), grads

    def update(self, grads):
        self.optimizer.step()  # uses the gradients that backward left in the parameters
