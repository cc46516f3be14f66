"""The lessons as notebooks: they run, check themselves, and are marked like the files."""

import json

import pytest

from numpynet.exercises.checker import Checker
from numpynet.exercises.folder import LESSONS, write_folder
from numpynet.exercises.lessons import EXERCISES
from numpynet.exercises.notebooks import FORMULAS
from tests.helpers.command import numpynet
from tests.helpers.exercises import ALL_POINTS, results_of
from tests.helpers.slow import slow_after


def cells_of(path):
    return json.loads(path.read_text("utf-8"))["cells"]


def execute(path):
    """Run a notebook in a kernel; what each check showed, by the name of its gap."""
    nbformat = pytest.importorskip("nbformat", reason="needs nbformat and nbclient")
    nbclient = pytest.importorskip("nbclient", reason="needs nbformat and nbclient")
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    checks = [cell for cell in notebook.cells if cell.source.startswith("check(")]
    return {cell.source.split('"')[1]: cell.outputs[0]["data"]["text/plain"] for cell in checks}


@pytest.mark.parametrize("lesson", slow_after(1, LESSONS))
def test_a_solved_notebook_checks_every_gap(lesson, tmp_path):
    write_folder(tmp_path / "nb", solutions=True, notebooks=True)
    shown = execute(tmp_path / "nb" / f"{lesson}.ipynb")
    own = [each for each in EXERCISES if each.lesson == lesson]
    assert shown == {each.name: f"[{each.points}/{each.points}] {each.name} is right." for each in own}
    assert all(result.ok for result in results_of(tmp_path / "nb" / f"{lesson}.ipynb").values())


@pytest.mark.parametrize("lesson", slow_after(1, LESSONS))
def test_an_untouched_notebook_runs_and_says_what_is_to_do(lesson, tmp_path):
    write_folder(tmp_path / "nb", notebooks=True)
    shown = execute(tmp_path / "nb" / f"{lesson}.ipynb")
    assert all(text.startswith("[0/") for text in shown.values())
    assert not any(result.ok for result in results_of(tmp_path / "nb" / f"{lesson}.ipynb").values())
    assert all(cell["source"].strip() for cell in cells_of(tmp_path / "nb" / f"{lesson}.ipynb"))


@pytest.mark.slow
def test_a_folder_of_notebooks_is_checked_and_marked(tmp_path):
    assert numpynet("exercises", "nb", "--notebooks", "--solutions", cwd=tmp_path).returncode == 0
    path = tmp_path / "nb" / "lesson4_mlp.ipynb"
    path.write_text(path.read_text("utf-8").replace("grad_Z = relu_backward(grad_H, H)", "grad_Z = grad_H"), "utf-8")
    checked = numpynet("check", "nb", cwd=tmp_path)
    assert "lesson4_mlp.ipynb\n" in checked.stdout
    assert "[2/4] loss_and_gradients is wrong: no_relu_mask." in checked.stdout
    assert "next: loss_and_gradients in lesson4_mlp.ipynb (a hint: numpynet check lesson4_mlp.ipynb" in checked.stdout
    assert numpynet("mark", "nb", cwd=tmp_path).stdout.startswith(f"nb  {ALL_POINTS - 2} of {ALL_POINTS} points\n")


def test_formulas_are_of_gaps_and_tell_no_backward_formula():
    assert set(FORMULAS) <= {str(exercise) for exercise in EXERCISES}
    for gap, lines in FORMULAS.items():
        if "backward" in gap or "gradients" in gap or "_entry" in gap:
            assert lines[-1].endswith("?")


def test_a_check_of_no_gap_names_those_there_are():
    with pytest.raises(LookupError, match="lesson5_layers has no gap 'Linear'; it has Linear.forward, Linear.backward"):
        Checker("lesson5_layers")("Linear")
