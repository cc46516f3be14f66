"""PyTorch on a CUDA GPU: eager, compiled, and as a CUDA graph."""

import torch

from benchmarks.contenders import CannotRaceError
from benchmarks.contenders.torch_cpu import Torch, TorchCompile


class TorchGpu(Torch):
    """PyTorch on the GPU, eager. Losses stay there until the epoch ends, so that no step waits for the one before."""

    device = "cuda"

    def __init__(self, problem):
        if not torch.cuda.is_available():
            raise CannotRaceError("no CUDA GPU")
        super().__init__(problem)

    def step(self, X, y):
        self.optimizer.zero_grad()
        loss = self.loss(self.net(X), y)
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def step_on(self, rows):
        return self.step(self.X[rows], self.y[rows])

    def epoch(self, order):
        batches = torch.from_numpy(order).to(self.device).split(self.batch_size)
        losses = [self.step_on(rows) * len(rows) for rows in batches]
        return (torch.stack(losses).sum() / len(order)).item()

    def timed_epoch(self, order):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize()
        start.record()
        loss = self.epoch(order)
        end.record()
        torch.cuda.synchronize()
        return loss, start.elapsed_time(end) / 1000


class TorchGpuCompile(TorchGpu, TorchCompile):
    """PyTorch on the GPU, with the network and the loss compiled by torch.compile."""


class TorchGpuGraph(TorchGpu):
    """PyTorch on the GPU: one step recorded as a CUDA graph, which is replayed for every batch of full size."""

    def __init__(self, problem):
        super().__init__(problem)
        self.rows = torch.zeros(self.batch_size, dtype=torch.int64, device=self.device)
        weights = {name: tensor.clone() for name, tensor in self.net.state_dict().items()}
        self.record()
        with torch.no_grad():  # undo the steps taken to record the graph
            for name, tensor in self.net.state_dict().items():
                tensor.copy_(weights[name])

    def record(self):
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):  # a few steps first, so that nothing is allocated during the recording
            for _ in range(3):
                super().step_on(self.rows)
        torch.cuda.current_stream().wait_stream(stream)
        self.graph = torch.cuda.CUDAGraph()
        self.optimizer.zero_grad()
        with torch.cuda.graph(self.graph):
            self.recorded = super().step_on(self.rows)

    def step_on(self, rows):
        if len(rows) < self.batch_size:
            return super().step_on(rows)
        self.rows.copy_(rows)
        self.graph.replay()
        return self.recorded
