"""The views beside Step: what they show is what numpynet computed."""

import numpy as np
import pytest

from numpynet.explorer.mistakes import describe_mistakes
from numpynet.explorer.training import RUNS, describe_run, points
from numpynet.gradcheck.mistakes import MISTAKES
from tests.helpers.explorer import numbers

MISTAKEN = {mistake["name"]: mistake for mistake in describe_mistakes()["list"]}
NETWORKS = describe_mistakes()["networks"]


def test_every_mistake_of_the_catalogue_is_there(explorer):
    explorer.open("tab=mistakes")
    shown = explorer.page.eval_on_selector_all(
        "[data-mistake]", "buttons => buttons.map(button => button.dataset.mistake)"
    )
    assert shown == [mistake.name for mistake in MISTAKES]


def test_each_mistake_marks_the_entries_that_it_makes_wrong(explorer):
    explorer.open("tab=mistakes")
    for name, mistake in MISTAKEN.items():
        explorer.page.click(f"[data-mistake={name}]")
        right = {array["name"]: np.array(array["values"]) for array in NETWORKS[mistake["network"]]["arrays"]}
        expected = set()
        for array, rows in mistake["arrays"].items():
            rows = np.array(rows)
            assert np.array_equal(explorer.values(array), rows), (name, array)
            same = rows.shape == right[array].shape and np.abs(rows - right[array]) <= 1e-9 * np.abs(right[array]).max()
            expected |= {(array, *at) for at in np.ndindex(rows.shape) if same is False or not same[at]}
        assert explorer.marked("data-wrong") == expected != set(), name


@pytest.mark.parametrize("name", MISTAKEN)
def test_what_a_wrong_entry_says_is_true(explorer, name):
    """Either its own formula gives another number, the right one; or the formula holds, of numbers that are wrong."""
    explorer.open(f"tab=mistakes&mistake={name}")
    wrong = sorted(explorer.marked("data-wrong"))
    array, i, j = wrong[len(wrong) // 2]
    explorer.cell(array, i, j).click()
    text = explorer.text(".line.wrong")
    found = explorer.value(array, i, j)
    right = {each["name"]: each["values"] for each in NETWORKS[MISTAKEN[name]["network"]]["arrays"]}[array]
    if "counterpart" in text:
        assert np.shape(right) != np.shape(MISTAKEN[name]["arrays"][array])
        return
    shown = list(numbers(text.replace(f"{array}[{i}, {j}]", "").replace(f"{array}[{max(i, j)}]", "")))
    result = numbers(explorer.text("[data-panel=formula] output"))[0]
    if "formula gives" in text:
        assert shown[0] == pytest.approx(result, rel=1e-3, abs=1e-9)
        assert shown[1] == pytest.approx(found, rel=1e-3)
    else:
        assert shown[0] == pytest.approx(right[i][j], rel=1e-3, abs=1e-9)
        assert result == pytest.approx(found, rel=1e-3)


@pytest.mark.parametrize("name", RUNS)
def test_the_train_view_shows_the_recorded_run(explorer, name):
    explorer.open(f"tab=train&run={name}")
    X, y = points()
    record = describe_run(RUNS[name], X, y)
    assert explorer.steps == len(record["step"]) - 1
    explorer.press("last")
    assert explorer.step == explorer.steps
    shown = numbers(explorer.text("[aria-live=polite]"))
    assert shown[:2] == [RUNS[name].lr, RUNS[name].batch_size]
    assert shown[2:5] == pytest.approx([record["loss"][-1], record["norm"][-1], record["dead"][-1]], rel=1e-3)


def test_the_network_in_the_page_computes_what_numpynet_computes(explorer):
    """The picture of the plane needs a network in the page: its loss is that of the run, at every recorded step."""
    explorer.open("tab=train")
    X, y = points()
    for setting in RUNS.values():
        record = describe_run(setting, X, y)
        for params, loss in list(zip(record["params"], record["loss"], strict=True))[::6]:
            W1, b1, W2, b2 = (
                np.array(params[:12]).reshape(2, 6),
                np.array(params[12:18]),
                np.array(params[18:30]).reshape(6, 2),
                np.array(params[30:]),
            )
            O = np.maximum(X @ W1 + b1, 0) @ W2 + b2
            expected = float(
                np.mean(np.log(np.exp(O - O.max(1, keepdims=True)).sum(1)) + O.max(1) - O[np.arange(60), y])
            )
            found = explorer.page.evaluate(
                "([p, X, y]) => new explorer.Network(p, 6).loss(X, y)", [params, X.tolist(), y.tolist()]
            )
            assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)
            assert found == pytest.approx(loss, rel=5e-3, abs=1e-6)


def test_the_images_view_shows_each_epoch_and_picture(explorer):
    explorer.open("tab=images")
    pixels = "canvas => canvas.toDataURL()"
    seen = set()
    for _ in range(explorer.steps + 1):
        seen.add(explorer.page.eval_on_selector(".thumbnails canvas", pixels))
        explorer.press("next")
    assert len(seen) == explorer.steps + 1 == 6
    probabilities = [numbers(row)[-1] for row in explorer.page.locator(".bar-row").all_inner_texts()]
    assert sum(probabilities) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("rule", ["grad_O", "grad_W", "grad_b", "grad_X", "relu"])
def test_a_derivation_links_its_letters_to_arrays(explorer, rule):
    explorer.open(f"tab=derivation&rule={rule}")
    names = explorer.page.locator("[data-name]")
    assert names.count() >= 4
    for k in range(names.count()):
        name = names.nth(k).inner_text()
        names.nth(k).hover()
        assert explorer.page.locator(f"[data-array={name}].pointed").count() == 1
    assert explorer.page.locator("[data-panel=formula] output").count() == 1
