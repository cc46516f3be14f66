"""The lessons as notebooks: the same text and gaps in cells, formulas typeset, and a check after each gap."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from numpynet.exercises.lessons import EXERCISES
from numpynet.storage.notebook import as_notebook as as_ipynb
from numpynet.wording import say

CHECKER = "from numpynet.exercises.checker import Checker\n\ncheck = Checker({lesson!r})"

LINEAR, RELU = r"Y = X W + b, \qquad Y_{ij} = \sum_k X_{ik} W_{kj} + b_j", r"Y_{ij} = \max(X_{ij}, 0)"
SOFTMAX = r"P_{ij} = \frac{\exp(O_{ij})}{\sum_k \exp(O_{ik})}"
CROSS_ENTROPY = (
    r"L = -\frac{1}{n} \sum_i \log P_{i y_i} = \frac{1}{n} \sum_i \Big(\log \sum_k \exp(O_{ik}) - O_{i y_i}\Big)"
)
SQUARED = r"L = \frac{1}{N} \sum \frac{(\hat y - y)^2}{2}"
MLP = r"Z = X W_1 + b_1, \qquad H = \max(Z, 0), \qquad O = H W_2 + b_2"
UPDATE = r"W \leftarrow W - \eta \, \frac{\partial L}{\partial W} \qquad (\eta \text{ is } \texttt{lr})"


def _asked(*names: str) -> str:
    return r", \quad ".join(rf"\frac{{\partial L}}{{\partial {name}}}" for name in names) + r" \;=\; ?"


FORMULAS: Mapping[str, tuple[str, ...]] = {  # what a gap is about; a backward pass asks, and does not tell
    "lesson1_functions.linear": (LINEAR,),
    "lesson1_functions.linear_backward": (LINEAR, _asked("X", "W", "b")),
    "lesson1_functions.squared_loss": (SQUARED,),
    "lesson1_functions.squared_loss_backward": (SQUARED, _asked(r"\hat y")),
    "lesson1_functions.sgd": (UPDATE,),
    "lesson1_functions.softmax": (SOFTMAX,),
    "lesson1_functions.softmax_cross_entropy": (SOFTMAX, CROSS_ENTROPY),
    "lesson1_functions.softmax_cross_entropy_backward": (CROSS_ENTROPY, _asked("O")),
    "lesson1_functions.relu": (RELU,),
    "lesson1_functions.relu_backward": (RELU, _asked("X")),
    "lesson2_linear_regression.predict": (r"\hat y = X W + b",),
    "lesson2_linear_regression.loss_and_gradients": (SQUARED, _asked("W", "b")),
    "lesson3_softmax_regression.predict": ("O = X W + b",),
    "lesson3_softmax_regression.loss_and_gradients": (CROSS_ENTROPY, _asked("W", "b")),
    "lesson4_mlp.predict": (MLP,),
    "lesson4_mlp.loss_and_gradients": (MLP, CROSS_ENTROPY, _asked("W_1", "b_1", "W_2", "b_2")),
    "lesson5_layers.Linear.forward": (LINEAR,),
    "lesson5_layers.Linear.backward": (_asked("X", "W", "b"),),
    "lesson5_layers.ReLU.forward": (RELU,),
    "lesson5_layers.ReLU.backward": (_asked("X"),),
    "lesson5_layers.SGD.step": (UPDATE,),
    "lesson6_understanding.shapes": (MLP, SOFTMAX),
    "lesson6_understanding.by_hand": (MLP.replace("O =", r"\hat y ="), SQUARED),
    "lesson6_understanding.grad_W_entry": (LINEAR, _asked("W_{kj}")),
    "lesson6_understanding.grad_X_entry": (LINEAR, _asked("X_{ik}")),
    "lesson6_understanding.grad_O_entry": (CROSS_ENTROPY, _asked("O_{ij}")),
}


def as_notebook(lesson: str, text: str) -> str:
    """A lesson's file, whose text is given, as the text of an .ipynb file."""
    return as_ipynb(_cells(lesson, text), lesson.split("_")[0])


def _cells(lesson: str, text: str) -> Iterator[tuple[str, str]]:
    """The kind and the text of each cell."""
    tree = ast.parse(text)
    title, rest = re.split(r"\. |\.?$|。\s*", f"{ast.get_docstring(tree)}", maxsplit=1)
    yield "markdown", f"# {title}\n\n{_paragraphs(rest)}"
    yield "code", CHECKER.format(lesson=lesson)
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    yield "code", "\n".join(_source(text, node) for node in imports)
    for node in tree.body[1:]:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            gaps = [each.name for each in EXERCISES if each.lesson == lesson and each.name.split(".")[0] == node.name]
            formulas = dict.fromkeys(line for gap in gaps for line in FORMULAS.get(f"{lesson}.{gap}", ()))
            if gaps:
                yield "markdown", "\n\n".join([f"## {node.name}", *(f"$${line}$$" for line in formulas)])
            yield "code", _source(text, node)
            for gap in gaps:
                yield "code", f'check("{gap}")'
        elif node not in imports:  # if __name__ == "__main__": main()
            yield "code", f"{say('train')}\n# main()"


def _source(text: str, node: ast.stmt) -> str:
    return "\n".join(text.splitlines()[node.lineno - 1 : node.end_lineno])


def _paragraphs(text: str) -> str:
    """Markdown in which the lines of tables and formulas stay as they are."""
    blocks = []
    for block in text.split("\n\n"):
        if block.startswith("    ") or "\n      " in block:
            blocks.append(f"```text\n{block}\n```")
        else:
            blocks.append(" ".join(block.split()))
    return "\n\n".join(blocks)
