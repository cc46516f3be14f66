"""`numpynet explain` and `numpynet explore`: every number that is printed is checked."""

import re

import numpy as np
import pytest

from numpynet.scratch import mlp
from numpynet.trace import example
from numpynet.trace.rules import evaluate
from tests.helpers.explorer import numbers


def arrays():
    """The arrays of the small MLP, by formulas of our own."""
    net, _, X, y = example("mlp", 0)
    W1, b1, W2, b2 = (p.data for p in net.parameters())
    Z1 = X @ W1 + b1
    H1 = np.maximum(Z1, 0)
    O = H1 @ W2 + b2
    P = np.exp(O) / np.exp(O).sum(axis=1, keepdims=True)
    grad_O = (P - np.eye(2)[y]) / 3
    grad_H1 = grad_O @ W2.T
    grad_Z1 = grad_H1 * (Z1 > 0)
    made = {
        "X": X,
        "W1": W1,
        "b1": b1,
        "W2": W2,
        "b2": b2,
        "y": y,
        "Z1": Z1,
        "H1": H1,
        "O": O,
        "P": P,
        "grad_O": grad_O,
        "grad_H1": grad_H1,
        "grad_Z1": grad_Z1,
    }
    made |= {"loss": -np.log(P[np.arange(3), y]).mean(), "grad_W2": H1.T @ grad_O, "grad_b2": grad_O.sum(axis=0)}
    return made | {"grad_W1": X.T @ grad_Z1, "grad_b1": grad_Z1.sum(axis=0)}


def test_every_number_of_the_pass_is_right(here, tmp_path):
    lines = here("explain", "mlp", cwd=tmp_path).stdout
    expected, found = arrays(), {}
    for block in lines.strip().split("\n\n"):
        title, *rows = block.splitlines()
        name = title.split()[0]
        if not rows:
            assert numbers(title)[-1] == pytest.approx(expected[name], rel=5e-4)
        else:
            found[name] = np.array([numbers(row) for row in rows])
            assert found[name].reshape(expected[name].shape) == pytest.approx(expected[name], rel=6e-4, abs=1e-12), name
            assert str(expected[name].shape) in title
            assert len({len(row) for row in rows}) == 1  # aligned
    assert list(found) == [
        "X",
        "W1",
        "b1",
        "W2",
        "b2",
        "y",
        "Z1",
        "H1",
        "O",
        "P",
        *[n for n in found if n.startswith("grad")],
    ]
    assert set(found) | {"loss"} == set(expected)


def test_every_number_of_the_entry_is_right(here, tmp_path):
    """The chain of sums: each line adds up to its result, each result and each number in it is an entry's."""
    text = here("explain", "mlp", "--entry", "grad_W1[0,2]", cwd=tmp_path).stdout
    expected = arrays()
    chain, formula, sums, difference = text.strip().split("\n\n")
    seen = []
    for line in chain.splitlines():
        label, expression, value = line.split(" = ")
        name, index = re.fullmatch(r"(\w+)(?:\[([\d, ]+)\])?", label).groups()
        at = tuple(map(int, index.split(", "))) if index else ()
        x = numbers(value)[0]
        assert x == pytest.approx(expected[name][at], rel=6e-4, abs=1e-12)
        assert evaluate(expression) == pytest.approx(x, rel=6e-4, abs=1e-12), line
        entries = [abs(e) for array in expected.values() for e in np.ravel(array)]
        assert all(any(abs(abs(n) - e) <= 6e-4 * e for e in [*entries, 3.0]) or n == 0 for n in numbers(expression)), (
            line
        )
        seen.append(name)
    assert list(dict.fromkeys(seen)) == ["loss", "grad_O", "grad_H1", "grad_Z1"]
    assert formula == "grad_W1 = Xᵀ grad_Z1"
    symbols, plugged, result = sums.splitlines()
    assert symbols.endswith("= X[0, 0] · grad_Z1[0, 2] + X[1, 0] · grad_Z1[1, 2] + X[2, 0] · grad_Z1[2, 2]")
    factors = [expected[name][i] for i in range(3) for name, i in [("X", (i, 0)), ("grad_Z1", (i, 2))]]
    assert numbers(plugged) == pytest.approx(factors, rel=6e-4, abs=1e-12)
    assert evaluate(plugged.split("= ")[1]) == pytest.approx(numbers(result)[0], rel=6e-4)
    assert numbers(result)[0] == pytest.approx(expected["grad_W1"][0, 2], rel=6e-4)
    check_difference(difference.splitlines(), expected)


def check_difference(lines, expected):
    assert "0.0001" in lines[0]
    above, below, width, slope = numbers(lines[1].split("=", 1)[1])
    X, y = expected["X"], expected["y"]
    for sign, printed in [(1, above), (-1, below)]:
        params = {name: expected[name].copy() for name in ("W1", "b1", "W2", "b2")}
        params["W1"][0, 2] += sign * 1e-4
        assert printed == pytest.approx(mlp.loss_and_gradients(params, X, y)[0], abs=1e-8)
    assert (above - below) / width == pytest.approx(slope, rel=6e-4)
    assert slope == pytest.approx(expected["grad_W1"][0, 2], rel=6e-4)
    assert lines[2].startswith("It differs from grad_W1[0, 2] by ")


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("model", ["linear", "softmax", "mlp"])
def test_every_entry_of_every_example_can_be_explained(here, tmp_path, model, seed):
    t_names = here("explain", model, "--seed", seed, cwd=tmp_path).stdout
    for name in ["loss", "X[1,0]", "grad_W[1,0]" if model != "mlp" else "grad_W2[2,1]"]:
        text = here("explain", model, "--entry", name, "--seed", seed, cwd=tmp_path).stdout
        for line in text.splitlines():
            for expression, value in re.findall(r"= ([^=]+) = (−?[\d.e−]+)$", line):
                assert evaluate(expression) == pytest.approx(numbers(value)[0], rel=6e-4, abs=1e-12), line
    assert t_names.count("\n\n") >= 8


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("grad_W9", "name must be one of X, Z1,"),
        ("grad_W1[0,9]", "index must be in grad_W1, whose shape is (2, 3), got (0, 9)"),
        ("grad_W1", "index must be in grad_W1, whose shape is (2, 3), got ()"),
        ("grad_W1(0,2)", "must look like grad_W1[0,2], got 'grad_W1(0,2)'"),
        ("", "must look like grad_W1[0,2], got ''"),
        ("[0]", "must look like grad_W1[0,2]"),
    ],
)
def test_an_entry_that_is_not_there_is_wrong_usage(here, tmp_path, entry, message):
    result = here("explain", "mlp", "--entry", entry, cwd=tmp_path)
    assert result.returncode == 2
    assert f"argument --entry: {message}" in result.stderr


@pytest.mark.parametrize("name", ["pass.png", "pass.svg"])
def test_the_figure_is_written(here, tmp_path, name):
    pytest.importorskip("matplotlib")
    result = here("explain", "softmax", "--entry", "grad_W[1,2]", "--figure", name, cwd=tmp_path)
    assert result.returncode == 0
    assert result.stdout.endswith(f"written: {name}\n")
    assert (tmp_path / name).stat().st_size > 5_000


def test_explore_writes_the_page(here, tmp_path):
    result = here("explore", "softmax", "--language", "zh", "--output", "mine.html", cwd=tmp_path)
    assert result.returncode == 0
    assert result.stdout == "written: mine.html (open it in a browser, or add --open)\n"
    text = (tmp_path / "mine.html").read_text("utf-8")
    assert '<html lang="zh">' in text
    assert text.index('"softmax":') < text.index('"mlp":')


def test_explore_refuses_what_cannot_be(here, tmp_path):
    assert here("explore", "--language", "fr", cwd=tmp_path).returncode == 2
    result = here("explore", "--output", "no/such/folder.html", cwd=tmp_path)
    assert result.returncode == 6
    assert "No such file or directory" in result.stderr
    assert list(tmp_path.iterdir()) == []
