"""Whole models against PyTorch, from the same weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import numpynet
from tests.helpers.against_torch import SAME_EXAMPLES, SOME, assert_models_agree

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install torch torchvision")

from reference import models as torch_models  # noqa: E402
from reference import scratch  # noqa: E402


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n", [1, 5, 96])
@pytest.mark.parametrize("model", SOME)
@settings(max_examples=40, **SAME_EXAMPLES)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_whole_models_agree_with_torch_from_the_same_weights(model, n, dtype, data, seed):
    assert_models_agree(model, data.draw(SOME[model]), n, seed, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["linear_regression", "softmax_regression", "mlp"])
def test_models_start_as_their_twins_do(name, dtype):
    sizes, rng = (6000,) if name == "linear_regression" else (), torch.Generator().manual_seed(0)
    options = {"rng": rng, "dtype": getattr(torch, dtype)}
    own = getattr(numpynet.scratch, name).init_parameters(*sizes, rng=np.random.default_rng(0))
    other = getattr(scratch, name).init_parameters(*sizes, **options)
    net = getattr(torch_models, name)(*sizes, **options)
    assert list(other) == list(own)
    for (key, array), tensor, parameter in zip(own.items(), other.values(), net.parameters(), strict=True):
        assert array.shape == tensor.shape == parameter.detach().numpy().T.shape
        for started in [tensor, parameter]:
            assert started.requires_grad
            assert started.dtype == getattr(torch, dtype)
            assert float(started.detach().std()) == pytest.approx(0.01, rel=0.05) if "W" in key else not started.any()


def test_widths_may_be_numpy_integers_as_in_numpynet():
    net = torch_models.mlp(6, np.int64(4), 3, rng=torch.Generator())
    assert [tuple(parameter.shape) for parameter in net.parameters()] == [(4, 6), (4,), (3, 4), (3,)]
