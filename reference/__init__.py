"""The models of numpynet once more, in PyTorch, under the same names: lay two files side by side, function by function.

What to read, in this order:

    scratch.linear_regression   what autograd does in one call, and numpynet writes out
    scratch.softmax_regression, scratch.mlp, models, data, training
    twin                        numpynet and PyTorch trained side by side, from the same weights on the same batches
    agreement, convert          how close is the same; parameters carried over, both ways

`python -m reference mlp` is the twin run from the command line; it says at which step, if any, and in what they part.
To train the PyTorch side alone, on Fashion-MNIST:

    import torch
    from reference import data, models, training

    net = models.mlp(rng=torch.Generator().manual_seed(0))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    batches, test_batches = data.loaders(256)
    loss = torch.nn.functional.cross_entropy
    history = training.train(net, loss, optimizer, batches, num_epochs=10, test_batches=test_batches)
    print(history.test_accuracy)
"""
