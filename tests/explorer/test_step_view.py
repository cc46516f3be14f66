"""The Step view in a real browser: its numbers are NumPy's, its formulas add up, and it steps through the whole pass."""

import math

import numpy as np
import pytest

from numpynet.gradcheck import check_model
from numpynet.scratch import mlp
from numpynet.trace import example, trace_report
from tests.helpers.explorer import Explorer, numbers

MODELS = ["mlp", "softmax", "linear"]


def arrays_of(description):
    return {array["name"]: array for array in description["arrays"]}


@pytest.mark.parametrize("model", MODELS)
def test_every_entry_is_numpys_to_the_last_digit(explorer, passes, model):
    explorer.open(f"tab=step&model={model}")
    for name, array in arrays_of(passes[model]).items():
        assert np.array_equal(explorer.values(name), np.array(array["values"])), name
        for i, j in np.ndindex(*np.shape(array["values"])):
            assert explorer.cell(name, i, j).get_attribute("data-value") == repr(float(array["values"][i][j]))


@pytest.mark.parametrize("model", MODELS)
def test_stepping_makes_one_array_after_another(explorer, passes, model):
    explorer.open(f"tab=step&model={model}")
    given = set(passes[model]["given"])
    made = [array["name"] for array in passes[model]["arrays"] if array["name"] not in given]
    assert (explorer.step, explorer.steps) == (0, len(made))
    for step, name in enumerate(made, 1):
        assert not explorer.cell(name).is_visible()
        explorer.press("next")
        assert explorer.step == step
        assert explorer.cell(name).is_visible()
        assert explorer.text("[data-panel=formula] h2").startswith(f"{name} = ")
    explorer.press("next")
    assert explorer.step == len(made)
    explorer.press("back")
    assert explorer.step == len(made) - 1
    explorer.press("first")
    assert explorer.step == 0
    explorer.press("last")
    assert explorer.step == len(made)


def test_the_arrow_keys_do_the_same_as_the_buttons(explorer):
    explorer.open("tab=step")
    steps = []
    for key in ["ArrowRight", "ArrowRight", "ArrowLeft", "End", "Home"]:
        explorer.key(key)
        steps.append(explorer.step)
    assert steps == [1, 2, 1, explorer.steps, 0]


@pytest.mark.parametrize("model", MODELS)
def test_each_formula_has_the_numbers_of_its_sources_and_adds_up(explorer, passes, model):
    """Recomputed here, from the text of the page, as a reader with a calculator would."""
    explorer.open(f"tab=step&model={model}")
    explorer.press("last")
    given = set(passes[model]["given"])
    for name, array in arrays_of(passes[model]).items():
        for i, j in np.ndindex(*np.shape(array["values"])):
            explorer.cell(name, i, j).click()
            assert explorer.cell(name, i, j).get_attribute("aria-selected") == "true"
            if name in given:
                continue
            text = explorer.text("[data-numbers]").removeprefix("=")
            shown = numbers(explorer.text("[data-panel=formula] output"))[0]
            python = text.replace("−", "-").replace("·", "*").replace("²", "**2")
            value = eval(python, {"exp": math.exp, "log": math.log, "max": max})
            digits = len(f"{shown}".lstrip("-0.").replace(".", ""))
            assert value == pytest.approx(shown, rel=0.6 * 10 ** -(digits - 1), abs=1e-12), (name, i, j, text)
            assert shown == pytest.approx(array["values"][i][j], rel=6e-4, abs=1e-12)
            for source in explorer.marked("data-source"):  # a class y is not a number of the formula
                x = explorer.value(*source)
                assert source[0] == "y" or any(abs(x - each) <= 5e-4 * abs(x) for each in numbers(text)), (
                    name,
                    i,
                    j,
                    x,
                )


def test_the_sources_of_an_entry_are_framed(explorer):
    explorer.open("tab=step&cell=grad_W1,0,2")
    expected = {("X", i, 0) for i in range(3)} | {("grad_Z1", i, 2) for i in range(3)}
    assert explorer.marked("data-source") == expected
    explorer.cell("P", 1, 0).click()
    assert explorer.marked("data-source") == {("O", 1, 0), ("O", 1, 1)}


def test_pointing_at_an_entry_shows_what_it_goes_into(explorer):
    explorer.open("tab=step&step=99")
    explorer.cell("W1", 1, 2).hover()
    assert explorer.marked("data-into") == {("Z1", i, 2) for i in range(3)}
    explorer.cell("H1", 0, 1).hover()
    outputs = {("O", 0, j) for j in range(2)} | {("grad_W2", 1, j) for j in range(2)}
    assert outputs <= explorer.marked("data-into")


def test_entry_by_entry_shows_each_entry_once(explorer, passes):
    explorer.open("tab=step&entries=1")
    given = set(passes["mlp"]["given"])
    wanted = [
        (array["name"], i, j)
        for array in passes["mlp"]["arrays"]
        if array["name"] not in given
        for i, j in np.ndindex(*np.shape(array["values"]))
    ]
    seen = []
    for _ in wanted:
        explorer.press("next")
        seen += explorer.marked("aria-selected=true")
    assert seen == wanted
    for place in reversed(wanted[:-1]):
        explorer.press("back")
        assert explorer.marked("aria-selected=true") == {place}
    explorer.press("back")
    assert explorer.step == 0


def test_finite_differences_stand_beside_the_gradients(explorer):
    explorer.open("tab=step&step=99&differences=1&cell=grad_W1,0,2")
    small = explorer.cell("grad_W1", 0, 2).locator("small").inner_text()
    assert numbers(small)[0] == pytest.approx(explorer.value("grad_W1", 0, 2), rel=1e-3)
    line = explorer.text("[data-panel=formula]").splitlines()[-1]
    assert numbers(line)[-1] == pytest.approx(explorer.value("grad_W1", 0, 2), rel=1e-5)


def test_tiles_of_the_examples_add_up_to_the_gradient(explorer):
    explorer.open("tab=step&cell=grad_W2,2,1")
    for count in range(4):
        slider = explorer.page.locator("[data-action=tile]")
        slider.fill(str(count))
        tables = explorer.page.locator("[data-panel=tiles] table")
        tiles = [numbers(tables.nth(i).locator("td").nth(5).text_content())[0] for i in range(3)]
        total = numbers(tables.nth(3).locator("td").nth(5).inner_text())[0]
        assert total == pytest.approx(sum(tiles[:count]), abs=2e-3)
    assert total == pytest.approx(explorer.value("grad_W2", 2, 1), abs=1e-3)


@pytest.mark.parametrize(
    ("model", "name", "i", "j"),
    [("mlp", "W1", 1, 0), ("mlp", "b2", 0, 1), ("softmax", "W", 0, 2), ("linear", "b", 0, 0)],
)
def test_the_slope_of_a_wiggle_is_the_gradient(explorer, model, name, i, j):
    explorer.open(f"tab=step&model={model}&step=99&cell={name},{i},{j}")
    slope, gradient = (float(explorer.attribute("[data-slope]", f"data-{what}")) for what in ("slope", "gradient"))
    assert gradient == explorer.value(f"grad_{name}", i, j)
    assert slope == pytest.approx(gradient, rel=1e-6, abs=1e-9)


def test_a_wiggle_moves_what_follows_and_nothing_else(explorer):
    explorer.open("tab=step&step=99&cell=W1,0,0")
    before = {name: explorer.values(name) for name in ["W1", "Z1", "H1", "O", "P", "loss"]}
    explorer.page.locator("[data-action=wiggle]").fill("30")
    X, W1, b1, W2, b2 = (explorer.values(name) for name in ["X", "W1", "b1", "W2", "b2"])
    assert W1[0, 0] == pytest.approx(before["W1"][0, 0] + 0.5)
    Z1 = X @ W1 + b1
    O = np.maximum(Z1, 0) @ W2 + b2
    P = np.exp(O) / np.exp(O).sum(axis=1, keepdims=True)
    y = explorer.values("y").astype(int).reshape(-1)
    for name, expected in [("Z1", Z1), ("O", O), ("P", P), ("loss", -np.log(P[np.arange(3), y]).mean())]:
        assert np.allclose(explorer.values(name), expected, rtol=1e-12), name
    moved = set(explorer.marked("data-moved"))
    assert ("W1", 0, 0) in moved
    assert ("Z1", 2, 0) in moved
    assert ("loss", 0, 0) in moved
    assert not any(name in {"X", "b1", "W2", "b2", "y"} or (name, j) in {("Z1", 1), ("H1", 2)} for name, _, j in moved)
    explorer.page.locator("[data-action=wiggle]").fill("20")
    assert explorer.marked("data-moved") == set()


def test_the_graph_has_the_numbers_of_the_chosen_example(explorer):
    explorer.open("tab=step&step=99&graph=1&example=1")
    shown = numbers(" ".join(explorer.page.locator("[data-panel=graph] svg text").all_text_contents()))
    for name in ["X", "Z1", "H1", "O", "P"]:
        for x in explorer.values(name)[1]:
            assert any(abs(x - each) <= 5.1e-3 * abs(x) for each in shown), (name, x)


def test_the_page_of_a_wrong_backward_pass_marks_its_entries(browser, tmp_path):
    """A learner's own pass, from the report of a gradient check."""
    net, _, X, y = example("mlp")
    params = {name: p.data for name, p in zip(["W1", "b1", "W2", "b2"], net.parameters(), strict=True)}

    def mine(params, X, y):
        loss, grads = mlp.loss_and_gradients(params, X, y)
        return loss, grads | {"b1": grads["b1"] / len(X)}

    t = trace_report(check_model(mine, params, X, y))
    t.page(tmp_path / "mine.html")
    explorer = Explorer(browser.new_page(), (tmp_path / "mine.html").as_uri()).open("step=99&cell=grad_b1,0,2")
    assert explorer.marked("data-wrong") == {("grad_b1", 0, j) for j in range(3)}
    right, found = numbers(explorer.text(".line.wrong").replace("grad_b1[2]", ""))
    assert right == pytest.approx(3 * found, rel=1e-3)
    assert found == pytest.approx(t["grad_b1"][2], rel=1e-3)
    assert explorer.messages == []
    explorer.page.close()
