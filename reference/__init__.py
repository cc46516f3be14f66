"""numpynet's models in PyTorch, under the same names, so that two files can be compared function by function.

Reading order:

    scratch.linear_regression   autograd does in one call what numpynet writes out
    scratch.softmax_regression, scratch.mlp, models, data, training
    twin, trainable             numpynet and PyTorch trained side by side, from the same weights on the same batches
    agreement, convert          tolerances; networks and parameters converted in both directions
    parallel                    several processes train one network together, on one machine or on many

`python -m reference mlp` is the twin run from the command line. If the two disagree, it says at which step and how.
To train only the PyTorch version, on Fashion-MNIST:

    import torch
    from reference import data, models, training

    net = models.mlp(rng=torch.Generator().manual_seed(0))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    batches, test_batches = data.loaders(256)
    loss = torch.nn.functional.cross_entropy
    history = training.train(net, loss, optimizer, batches, num_epochs=10, test_batches=test_batches)
    print(history.test_accuracy)
"""
