"""The models of numpynet once more, in PyTorch, under the same names: lay two files side by side, line by line.

What autograd does in one call, `torch.autograd.grad(loss, ...)` or `loss.backward()`, is what numpynet writes out.
`twin.twin_run` trains both from the same weights on the same batches and tells where, if anywhere, they part.
"""
