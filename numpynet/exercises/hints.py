"""Hints for each gap, on request: first what the quantity means and how to find it, then the formula in words, and last
the formula.
"""

from __future__ import annotations

from collections.abc import Mapping

from numpynet.exercises import chinese_hints
from numpynet.exercises.lessons import EXERCISES
from numpynet.wording import language, say, wrap

Hints = tuple[str, ...]

LINEAR = (
    "Entry (i, j) of Y adds up, over the inputs k, the input X_ik of example i times the weight W_kj that leads from "
    "input k to output j; then comes the bias b_j of output j.",
    "The matrix product of X and W, with b added to every row.",
    "Y = X W + b",
)
RELU = (
    "Each entry is changed by itself: what is positive stays, the rest becomes 0.",
    "For each entry, the larger of that entry and 0.",
    "Y = max(X, 0), entry by entry",
)
SGD = (
    "The gradient says in which direction L grows fastest. Take a small step the other way: lr says how small. It is "
    "the array itself that must change, since others hold it too.",
    "Subtract lr times the gradient from each array, in place.",
    "W ← W − lr grad_W, for every array",
)

FIX = (
    "Go through it line by line: what should this quantity be, and which numbers does the line use? The check says "
    "what to look at.",
)

HINTS: Mapping[str, Hints] = {
    "lesson0_numpy.row_sums": (
        "Which axis has to disappear, and which stays? The result is a column, so the summed axis is kept.",
        "The sum along axis 1, with keepdims.",
        "S_i1 = Σₖ X_ik      X.sum(axis=1, keepdims=True)",
    ),
    "lesson0_numpy.center": (
        "A column belongs to one input, its rows to the examples: the mean is over the examples.",
        "X minus its mean along axis 0, which is broadcast to every row.",
        "X_ik − 1/n Σᵢ X_ik      X - X.mean(axis=0)",
    ),
    "lesson0_numpy.pick": (
        "O[:, y] takes whole columns. To pick one entry in each row, index with the rows too.",
        "Index O with np.arange of the number of examples, and with y.",
        "rᵢ = O_iyᵢ      O[np.arange(len(y)), y]",
    ),
    "lesson0_numpy.one_hot": (
        "Row c of the identity matrix is 1 in column c and 0 elsewhere.",
        "Pick rows of np.eye(q) with y.",
        "T_ij = 1 if j = yᵢ, else 0      np.eye(q)[y]",
    ),
    "lesson0_numpy.keep_positive": (
        "A mask of True and False counts as 1 and 0 in a product.",
        "X times the mask X > 0; or np.maximum of X and 0.",
        "Y = X ∘ (X > 0)",
    ),
    "lesson0_numpy.halve": (
        "X = X / 2 makes a new array, and the caller's stays as it was.",
        "Multiply in place: *=.",
        "X ← X / 2      X *= 0.5",
    ),
    "lesson0_numpy.outer": (
        "Make a column of x, so that broadcasting repeats it along the row y.",
        "x[:, None] times y.",
        "Z_kj = x_k y_j      x[:, None] * y",
    ),
    "lesson1_functions.linear": LINEAR,
    "lesson1_functions.linear_backward": (
        "An entry of X, W or b changes L only through entries of Y. Look at Y_ij = Σₖ X_ik W_kj + b_j. W_kj is in "
        "column j of Y, once in each row i, where it is multiplied by X_ik. So when W_kj grows a little, Y_ij grows "
        "X_ik times as much, and L changes by grad_Y_ij for each unit of that: add this up over the examples i. Do "
        "the same for X_ik, which is in row i only, and for b_j, which is in every row. The shapes leave only one "
        "matrix product.",
        "grad_X: the matrix product of grad_Y and W transposed. grad_W: the matrix product of X transposed and "
        "grad_Y. grad_b: the sum of the rows of grad_Y.",
        "grad_X = grad_Y Wᵀ      grad_W = Xᵀ grad_Y      grad_b = Σᵢ (grad_Y)ᵢ",
    ),
    "lesson1_functions.squared_loss": (
        "Take the difference of each prediction and its target, square it, and halve that; then take the mean.",
        "The mean over all entries of half the square of the difference between y_hat and y.",
        "L = 1/N Σ (y_hat − y)² / 2, N the number of entries",
    ),
    "lesson1_functions.squared_loss_backward": (
        "One entry of y_hat is in one term of the sum only. The derivative of e² / 2 is e; and the mean divides by "
        "how many terms?",
        "y_hat minus y, divided by the number of entries of y.",
        "grad_y_hat = (y_hat − y) / N, N the number of entries",
    ),
    "lesson1_functions.sgd": SGD,
    "lesson1_functions.softmax": (
        "exp makes every logit positive; divided by their sum, the entries of a row add up to 1. exp(1000) is "
        "infinite in floating point, but subtracting the same number from a whole row changes nothing in the result.",
        "exp of every logit, divided by the sum of exp over its row; before that, subtract the row's largest logit "
        "from every logit in the row.",
        "P_ij = exp(O_ij − mᵢ) / Σₖ exp(O_ik − mᵢ), mᵢ the largest of row i",
    ),
    "lesson1_functions.softmax_cross_entropy": (
        "The loss of an example is small if its right class has a probability near 1: it is −log P_iy. That is a log "
        "of a quotient, so a difference of logs: one of them is the logit itself, and there is never a log of 0.",
        "For each example, the log of the sum of exp over its row of O, minus the logit of its right class; then the "
        "mean over the examples. First subtract the row's largest logit from every logit in the row.",
        "L = 1/n Σᵢ (log Σₖ exp(O_ik) − O_iyᵢ)      P = softmax(O)",
    ),
    "lesson1_functions.softmax_cross_entropy_backward": (
        "Differentiate log Σₖ exp(O_ik) − O_iy with respect to O_ij. The first part gives exp(O_ij) / Σₖ exp(O_ik), "
        "which has a name; the second gives 1 if j is the right class y, else 0. And L is a mean over the examples.",
        "The probabilities P, minus 1 at the right class of each example; all divided by the number of examples.",
        "grad_O = (P − onehot(y)) / n",
    ),
    "lesson1_functions.relu": RELU,
    "lesson1_functions.relu_backward": (
        "Where X is positive, Y = X: what L does with Y it does with X. Where X is not, Y is 0 whatever X is. Y is "
        "positive exactly where X is, so Y is all you need.",
        "grad_Y where Y is positive, else 0.",
        "grad_X = grad_Y ∘ (Y > 0), ∘ entry by entry",
    ),
    "lesson2_linear_regression.predict": LINEAR,
    "lesson2_linear_regression.loss_and_gradients": (
        "Backward, each step answers: how does L change with the input of this step, given how it changes with the "
        "output? Begin at the loss, whose backward needs no gradient.",
        "squared_loss_backward gives the gradient with respect to the predictions. linear_backward takes it, and "
        "gives those with respect to X, W and b.",
        "grad_y_hat = (y_hat − y) / N      grad_W = Xᵀ grad_y_hat      grad_b = Σᵢ (grad_y_hat)ᵢ",
    ),
    "lesson3_softmax_regression.predict": LINEAR,
    "lesson3_softmax_regression.loss_and_gradients": (
        "It is lesson 2 with another loss. The loss gives the probabilities too, and its backward needs them.",
        "softmax_cross_entropy gives the loss and P. softmax_cross_entropy_backward takes P and y, and gives grad_O. "
        "linear_backward takes that.",
        "grad_O = (P − onehot(y)) / n      grad_W = Xᵀ grad_O      grad_b = Σᵢ (grad_O)ᵢ",
    ),
    "lesson4_mlp.predict": (
        "Two linear layers; between them each hidden unit lets only positive numbers through. Without that, two "
        "linear layers would be one.",
        "Z: linear, applied to X, W1 and b1. H: relu, applied to Z. O: linear, applied to H, W2 and b2.",
        "O = max(X W1 + b1, 0) W2 + b2",
    ),
    "lesson4_mlp.loss_and_gradients": (
        "Write the forward steps in a column: Z, H, O, loss. Go through them from the last to the first. Each has a "
        "backward function, and each takes the gradient that the one before it, from below, returned. The input of "
        "the second layer was H, not X.",
        "grad_O from the loss. Through the second layer, with its input H: grad_H, and the gradients of W2 and b2. "
        "Through the ReLU: grad_Z. Through the first layer, with its input X: the gradients of W1 and b1.",
        "grad_O = (P − onehot(y)) / n      grad_W2 = Hᵀ grad_O      grad_b2 = Σᵢ (grad_O)ᵢ\n"
        "grad_H = grad_O W2ᵀ      grad_Z = grad_H ∘ (H > 0)      grad_W1 = Xᵀ grad_Z      grad_b1 = Σᵢ (grad_Z)ᵢ",
    ),
    "lesson5_layers.Linear.forward": (
        "As in lesson 1. But backward will be called later with grad_Y alone: what else does it need, and who has it?",
        "Keep X in self. Return linear, applied to X and the data of W and b.",
        "Y = X W + b",
    ),
    "lesson5_layers.Linear.backward": (
        "linear_backward gives three gradients. Two of them belong to the parameters, which have a place for them; "
        "the third goes on to the layer before.",
        "Apply linear_backward to grad_Y, the X that forward kept, and the data of W. Store that of W as the grad of "
        "W and that of b as the grad of b. Return that of X.",
        "grad_X = grad_Y Wᵀ      W.grad = Xᵀ grad_Y      b.grad = Σᵢ (grad_Y)ᵢ",
    ),
    "lesson5_layers.ReLU.forward": (RELU[0] + " Keep what backward will need.", RELU[1] + " Keep it in self.", RELU[2]),
    "lesson5_layers.ReLU.backward": (
        "As in lesson 1, with the Y that forward kept.",
        "Return relu_backward, applied to grad_Y and the Y that forward kept.",
        "grad_X = grad_Y ∘ (Y > 0)",
    ),
    "lesson5_layers.Sequential.forward": (
        "What comes out of one layer goes into the next.",
        "From first to last: the output of each layer's forward is the input of the next.",
        "Xₖ₊₁ = layerₖ(Xₖ)",
    ),
    "lesson5_layers.Sequential.backward": (
        "Each layer needs the gradient of its own output. Which layer's output has a gradient first?",
        "From last to first: the gradient that each layer's backward returns is passed to the layer before it.",
        "grad_Xₖ = layerₖ.backward(grad_Xₖ₊₁), k from last to first",
    ),
    "lesson5_layers.SGD.step": SGD,
    "lesson6_understanding.shapes": (
        "A gradient has the shape of what it is the gradient of. Every array that is computed from X has a row for "
        "each example.",
        "W1 leads from the inputs to the hidden units, W2 from these to the classes; a bias has one entry for each "
        "unit.",
        "X (n, d), W1 (d, h), b1 (h,), Z and H (n, h), W2 (h, q), b2 (q,), O (n, q); grad_T is like T",
    ),
    "lesson6_understanding.by_hand": (
        "Row 1 of Z: [1·1 + 2·2 + 0, 1·(−1) + 2·1 + 1]. Go forward first, then backward from the loss.",
        "grad_y_hat is the difference divided by 4, the number of entries. Then as in lesson 4.",
        "grad_y_hat = (y_hat − y) / 4      grad_W2 = Hᵀ grad_y_hat      grad_H = grad_y_hat W2ᵀ\n"
        "grad_Z = grad_H ∘ (Z > 0)      grad_W1 = Xᵀ grad_Z      grad_b = the sum of the rows",
    ),
    "lesson6_understanding.grad_W_entry": (
        "Y_ij = Σₖ X_ik W_kj + b_j for every example i: W_kj is in n entries of Y, those of column j.",
        "Add up, over the examples i, X_ik times grad_Y_ij.",
        "∂L/∂W_kj = Σᵢ X_ik grad_Y_ij",
    ),
    "lesson6_understanding.grad_X_entry": (
        "X_ik is in row i of Y only, but in every column j, where it is multiplied by W_kj.",
        "Add up, over the outputs j, grad_Y_ij times W_kj.",
        "∂L/∂X_ik = Σⱼ grad_Y_ij W_kj",
    ),
    "lesson6_understanding.grad_O_entry": (
        "Raising a logit raises its own class's probability: that is bad, unless it is the right class.",
        "The probability, minus 1 if j is the right class of example i; divided by the number of examples.",
        "∂L/∂O_ij = (P_ij − [j = yᵢ]) / n",
    ),
    "lesson6_understanding.fix_linear": (
        *FIX,
        "b is added to every row of Y: what each row contributes is added up, not averaged.",
        "grad_b = Σᵢ (grad_Y)ᵢ",
    ),
    "lesson6_understanding.fix_cross_entropy": (
        *FIX,
        "P belongs to the caller, who may need it again: the probabilities must still add up to 1 afterwards.",
        "grad_O = P.copy() first",
    ),
    "lesson6_understanding.fix_mlp": (
        *FIX,
        "A hidden unit that was off in the forward pass lets no gradient through. Where does that show?",
        "grad_Z = grad_H ∘ (Z > 0)",
    ),
    "lesson6_understanding.fix_step": (
        *FIX,
        "The gradients belong to the parameters with which O was computed. Is W2 still that one where it is used?",
        "grad_Z = grad_O W2ᵀ ∘ (H > 0), before W2 changes",
    ),
    "lesson6_understanding.fix_softmax": (
        *FIX,
        "If another row has a much larger logit, every exp of a row can become 0. Then 0 is divided by 0.",
        "P_ij = exp(O_ij − mᵢ) / Σₖ exp(O_ik − mᵢ), mᵢ the largest of row i",
    ),
}


def find_hint(lesson: str, name: str) -> tuple[str, Hints]:
    """The gap and its hints, by its name, or by lesson and name; lesson: where to look, "" for everywhere.

    Raises: LookupError if there is no such gap, or more than one.
    """
    lessons = dict.fromkeys(exercise.lesson for exercise in EXERCISES if lesson in ("", exercise.lesson))
    found = [key for key in HINTS if (key.split(".")[0] in lessons and key.split(".", 1)[1] == name) or key == name]
    if not found:
        known = ", ".join(dict.fromkeys(key.split(".", 1)[1] for key in HINTS if key.split(".")[0] in lessons))
        raise LookupError(f"there is no gap {name}; there are {known}")
    if len(found) > 1:
        raise LookupError(f"{name} is in several lessons: write {' or '.join(found)}")
    table = chinese_hints.HINTS if language() == "zh" else HINTS
    return found[0], table[found[0]]


def format_hint(lesson: str, wanted: str) -> str:
    """The hint asked for as "NAME" or "NAME:2", and how to ask for the next. Raises: LookupError."""
    name, _, number = wanted.partition(":")
    gap, hints = find_hint(lesson, name)
    if number not in ("", *(str(i + 1) for i in range(len(hints)))):
        raise LookupError(f"the hints of {name} are numbered 1 to {len(hints)}, got {number}")
    k = int(number or 1)
    more = "\n\n" + say("more_hints", name=name, number=k + 1) if k < len(hints) else ""
    text = "\n".join("\n".join(wrap(line)) for line in hints[k - 1].splitlines())
    return f"{say('hint', gap=gap, number=k, count=len(hints))}\n\n{text}{more}"
