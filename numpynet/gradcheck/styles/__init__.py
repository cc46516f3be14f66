"""From anybody's code to one question: how to ask it for a loss and its gradients."""
