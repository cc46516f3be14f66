"""`numpynet exercises --prove`: every mistake is planted, caught and named."""

import dataclasses
import re
from pathlib import Path

import pytest

from numpynet import gradcheck
from numpynet.exercises import prove
from numpynet.exercises.forward_mistakes import SENTENCES
from numpynet.exercises.forward_slips import FORWARD_SLIPS
from numpynet.exercises.lessons import EXERCISES
from numpynet.exercises.marks import Result
from numpynet.exercises.prove import SLIPS
from numpynet.exercises.slips import BACKWARD_SLIPS
from numpynet.gradcheck.mistakes import MISTAKES

BESIDE_THE_CATALOGUE = {"gradient_accumulated", "argument_changed", "precision_only"}
NOT_PLANTED = {
    "precision_only": "a solution in float32 is right, and gets its points",
    "weight_gradient_not_transposed": "it raises where the sizes differ",
    **dict.fromkeys(
        ["no_activation_slope", "slope_of_the_wrong_value", "incomplete_slope", "sigmoid_slope_twice"],
        "the lessons have no sigmoid and no tanh",
    ),
    **dict.fromkeys(["weight_decay_missing", "weight_decay_factor"], "the lessons' losses have no weight decay"),
}


def test_every_name_of_the_checker_is_planted_or_excused():
    texts = [path.read_text("utf-8") for path in Path(gradcheck.__file__).parent.glob("*.py")]
    given = {name for text in texts for name in re.findall(r'mistakes\.append\("(\w+)"\)', text)}
    assert given <= BESIDE_THE_CATALOGUE
    planted = {mistake for _, lines in BACKWARD_SLIPS for mistake, _ in lines}
    assert planted | set(NOT_PLANTED) == {mistake.name for mistake in MISTAKES} | BESIDE_THE_CATALOGUE
    assert not planted & set(NOT_PLANTED)
    backward = next(place for place, _ in SLIPS if place.exercise == "lesson1_functions.linear_backward")
    line = "grad_X, grad_W, grad_b = (G.astype(np.float32) for G in (grad_X, grad_W, grad_b))"
    report = prove.mark_planted(backward, backward.plant(line))
    assert report.ok
    assert report.mistakes == ("precision_only",)


def test_a_slip_whose_line_is_gone_is_an_error():
    place = dataclasses.replace(SLIPS[0][0], right="grad_b = nowhere")
    with pytest.raises(LookupError, match="lesson1_functions must have the line 'grad_b = nowhere' exactly once"):
        prove.mark_planted(place, "pass")


@pytest.mark.slow
def test_prove_plants_every_mistake_and_each_is_caught_and_named(capsys):
    mistakes = [mistake for _, lines in SLIPS for mistake, _ in lines]
    count, names = len(mistakes), sum(map(bool, mistakes))
    assert count >= 400
    assert prove.prove_command() == 0
    assert capsys.readouterr().out.endswith(f"\ncaught {count} of {count}, named {names} of {names}\n")


def test_slips_are_planted_in_every_gap():
    assert {place.exercise for place, _ in SLIPS} == {str(exercise) for exercise in EXERCISES}


def test_every_forward_mistake_has_a_sentence_and_is_planted():
    planted = {mistake for _, lines in FORWARD_SLIPS for mistake, _ in lines}
    assert planted - {"", "argument_changed"} == set(SENTENCES)


def test_prove_says_what_is_not_caught_or_not_named(monkeypatch, capsys):
    monkeypatch.setattr(prove, "SLIPS", SLIPS[3:4])
    monkeypatch.setattr(prove, "mark", lambda exercise, space: Result(False, "", ("no_relu_mask",)))
    assert prove.prove_command() == 1
    out = capsys.readouterr().out
    assert "relu_backward: relu_mask_reversed was called no_relu_mask" in out
    assert out.endswith("caught 10 of 10, named 1 of 10\n")
    monkeypatch.setattr(prove, "mark", lambda exercise, space: Result(True, ""))
    assert prove.prove_command() == 1
    assert capsys.readouterr().out.endswith("caught 0 of 10, named 0 of 10\n")
