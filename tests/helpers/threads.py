"""One thread for NumPy and PyTorch: with a thread per core each, two libraries compete for the cores."""

from contextlib import contextmanager


@contextmanager
def one_thread():
    from threadpoolctl import threadpool_limits

    try:
        import torch
    except ModuleNotFoundError:
        torch = None
    threads = torch and torch.get_num_threads()
    if torch:
        torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        if torch:
            torch.set_num_threads(threads)
