"""Every contender computes the same as numpynet."""

import numpy as np
import pytest

pytest.importorskip("threadpoolctl", reason="needs threadpoolctl: pip install threadpoolctl")
from benchmarks import problems, steps
from benchmarks.contenders import CONTENDERS, CannotRaceError, make_contender
from benchmarks.race import RaceError, check_losses
from tests.helpers.contenders import few_shapes


def make(name, problem):
    try:
        return make_contender(name, problem)
    except (ImportError, CannotRaceError) as error:
        pytest.skip(f"{name}: {error}")


def contests():
    """The contenders and models to compare with numpynet. torch.compile takes a minute: only the race compares it."""
    for name in CONTENDERS:
        for model in problems.PROBLEMS:
            impossible = (name == "scikit-learn" and model != "mlp") or ("torchvision" in name and model == "linear")
            if name not in ("numpynet", "matrix products", "torch.compile") and not impossible:
                marks = [pytest.mark.filterwarnings("ignore")] if "compile" in name else []  # PyTorch's own warnings
                yield pytest.param(name, model, marks=marks)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "model"), list(contests()))
def test_every_contender_has_numpynets_loss_in_two_epochs(name, model):
    problem = problems.quick(problems.PROBLEMS[model])
    base, other = make("numpynet", problem), make(name, problem)
    for seed in range(2):
        order = np.random.default_rng(seed).permutation(len(problem.data()[0]))
        own, its = base.epoch(order), other.epoch(order)
        check_losses({"numpynet": own, name: its})
        assert its == pytest.approx(own, rel=1e-4)


@pytest.mark.parametrize("model", problems.PROBLEMS)
def test_the_floor_computes_the_products_of_a_step_and_no_others(model, monkeypatch):
    monkeypatch.setattr(problems, "load_data", few_shapes)
    problem = problems.quick(problems.PROBLEMS[model])
    floor = make_contender("matrix products", problem)
    products = []

    class Counted(np.ndarray):
        def __matmul__(self, other):
            products.append((*self.shape, other.shape[1]))
            return np.asarray(self) @ np.asarray(other)

    floor.A, floor.W = ([array.view(Counted) for array in arrays] for arrays in (floor.A, floor.W))
    floor.epoch(np.arange(problem.batch_size + 1))
    n = problem.batch_size
    expected = {
        "linear": [(n, 2, 1), (2, n, 1)],
        "softmax": [(n, 784, 10), (784, n, 10)],
        "mlp": [(n, 784, 256), (784, n, 256), (n, 256, 10), (256, n, 10), (n, 10, 256)],
    }[model]
    assert products[: len(expected)] == expected
    assert len(products) == 2 * len(expected)  # once more for the short last batch, of one example
    assert {min(shape) for shape in products[len(expected) :]} == {1}


def test_a_contender_that_computes_something_else_is_not_timed():
    with pytest.raises(
        RaceError, match="liar: the loss after one epoch must be 0.500000, like the others', got 0.510000"
    ):
        check_losses({"numpynet": 0.5, "matrix products": None, "liar": 0.51})
    with pytest.raises(RaceError, match="liar"):
        check_losses({"numpynet": 0.5, "liar": float("nan")})


def test_the_formulas_of_both_libraries_agree():
    pytest.importorskip("torch", reason="needs PyTorch: pip install torch torchvision")

    class Here:
        def __init__(self, name):
            self.name = name

        def ask(self, **message):
            return steps.measure(**message)

    shapes = {formula: sizes[:1] for formula, sizes in steps.SHAPES.items()}
    lines = steps.compare([Here(name) for name in steps.PASSES], 0.001, shapes)
    assert [line["formula"] for line in lines] == list(steps.SHAPES)
    wrong = Here("PyTorch")
    wrong.ask = lambda **message: {"sums": [[s[0] + 1, s[1]] for s in steps.measure(**message)["sums"]]}
    with pytest.raises(RaceError, match="the libraries differ"):
        steps.compare([Here("numpynet"), wrong], 0.001, shapes)


@pytest.mark.slow
def test_the_smallest_batches_of_the_sweep_reach_equal_losses():
    """A thousand steps at the book's learning rate would let float32 drift further apart than a race allows."""
    problem = problems.of_batch_size(8, 8192)
    order = np.random.default_rng(0).permutation(8192)
    check_losses({name: make(name, problem).epoch(order) for name in ("numpynet", "PyTorch")})
