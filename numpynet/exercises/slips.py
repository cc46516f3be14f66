"""The mistakes of the gradient checker's catalogue, as lines that learners write: each replaces the gradient that the
solution has just computed with a wrong one. `prove` plants them in the solutions, one at a time.

In the lines, {grad_W} and the like stand for the names in the solution; {home} is an object that keeps its attributes
between calls.
"""

from __future__ import annotations

from dataclasses import dataclass

Line = tuple[str, str]  # the name of a mistake, and a line that makes it


@dataclass(frozen=True)
class Place:
    """Where lines can be planted: in an exercise, after the line `right`; and what their letters stand for there.

    replaces: whether they are planted in place of that line.
    """

    exercise: str
    right: str
    home: str
    letters: str  # for example "X=H W=W2 grad_Y=grad_O"
    replaces: bool = False

    def plant(self, line: str) -> str:
        """The code that replaces the line `right`."""
        names = dict(pair.split("=") for pair in self.letters.split())
        code = line.format_map({"home": self.home} | names)
        return code if self.replaces else f"{self.right}; {code}"


LINEAR: list[Line] = [
    ("wrong_sign", "{grad_W} = -{grad_W}; {grad_b} = -{grad_b}"),
    ("sum_not_mean", "{grad_W} = len({X}) * {grad_W}"),
    ("divided_by_n_twice", "{grad_W} = {grad_W} / len({X})"),
    ("factor_two", "{grad_W} = 2 * {grad_W}"),
    ("factor_half", "{grad_b} = {grad_b} / 2"),
    ("bias_mean_not_sum", "{grad_b} = {grad_Y}.mean(axis=0)"),
    ("bias_first_example_only", "{grad_b} = {grad_Y}[0]"),
    ("bias_first_example_only", "{grad_b} = {grad_Y}[-1]"),
    ("weight_one_example_only", "{grad_W} = np.outer({X}[-1], {grad_Y}[-1])"),
    ("bias_over_wrong_axis", "{grad_b} = {grad_Y}.sum(axis=1)"),
    ("bias_not_summed", "{grad_b} = {grad_Y}"),
    ("weight_gradient_transposed", "{grad_W} = {grad_Y}.T @ {X}"),
    ("weight_decay_in_gradient", "{grad_W} = {grad_W} + 0.01 * {W}"),
    ("stale_forward", "kept, {home}.kept = getattr({home}, 'kept', {X}), {X}; {grad_W} = kept.T @ {grad_Y}"),
    ("gradient_accumulated", "{grad_W} = {home}.total = {grad_W} + getattr({home}, 'total', 0)"),
]
BACK_THROUGH_W: list[Line] = [
    ("reshaped_not_transposed", "{grad_W} = ({grad_Y}.T @ {X}).reshape({W}.shape)"),
    ("weight_not_transposed", "{grad_X} = {grad_Y} @ {W}"),
    ("weights_updated_before_backward", "{grad_X} = {grad_Y} @ ({W} - 0.1 * {grad_W}).T"),
]
CROSS_ENTROPY: list[Line] = [
    ("wrong_sign", "grad_O = -grad_O"),
    ("sum_not_mean", "grad_O = grad_O * len(y)"),
    ("divided_by_n_twice", "grad_O = grad_O / len(y)"),
    ("factor_two", "grad_O = 2 * grad_O"),
    ("factor_half", "grad_O = grad_O / 2"),
    ("divided_by_elements_not_examples", "grad_O = grad_O / P.shape[1]"),
    ("fixed_batch_size", "grad_O = grad_O * len(y) / 256"),
    ("missing_onehot", "grad_O = P / len(y)"),
    ("missing_probabilities", "grad_O = -np.eye(P.shape[1])[y] / len(y)"),
    ("onehot_broadcast", "grad_O = (P - y[:, None]) / len(y)"),
    ("plus_not_minus", "grad_O = (P + np.eye(P.shape[1])[y]) / len(y)"),
    ("softmax_twice", "P = np.exp(P); P /= P.sum(1, keepdims=True); grad_O = (P - np.eye(P.shape[1])[y]) / len(y)"),
    ("softmax_slope_twice", "grad_O = grad_O * P * (1 - P)"),
    ("softmax_slope_missing", "grad_O = -np.eye(P.shape[1])[y] / P / len(y)"),
    ("softmax_slope_of_one_class_only", "grad_O = -np.eye(P.shape[1])[y] * (1 - P) / len(y)"),
    ("labels_shifted", "grad_O = (P - np.eye(P.shape[1])[y - 1]) / len(y)"),
    ("labels_shifted", "grad_O = (P - np.eye(P.shape[1])[np.roll(y, 1)]) / len(y)"),
]  # fmt: skip
LOGITS: list[Line] = [
    ("relu_mask_on_logits", "grad_O = grad_O * (O > 0)"),
    ("softmax_over_examples", "P = np.exp(O) / np.exp(O).sum(axis=0); grad_O = (P - np.eye(P.shape[1])[y]) / len(y)"),
    ("softmax_missing", "grad_O = (O - np.eye(P.shape[1])[y]) / len(y)"),
]
SQUARED_LOSS: list[Line] = [
    ("wrong_sign", "grad_y_hat = -grad_y_hat"),
    ("sum_not_mean", "grad_y_hat = grad_y_hat * y.size"),
    ("divided_by_n_twice", "grad_y_hat = grad_y_hat / y.size"),
    ("factor_two", "grad_y_hat = 2 * grad_y_hat"),
    ("factor_half", "grad_y_hat = grad_y_hat / 2"),
    ("fixed_batch_size", "grad_y_hat = (y_hat - y) / 10"),
    ("missing_target", "grad_y_hat = y_hat / y.size"),
    ("missing_prediction", "grad_y_hat = -y / y.size"),
    ("plus_not_minus", "grad_y_hat = (y_hat + y) / y.size"),
    ("labels_shifted", "grad_y_hat = (y_hat - np.roll(y, 1, axis=0)) / y.size"),
]
SEVERAL_OUTPUTS: list[Line] = [
    ("divided_by_examples_not_elements", "grad_y_hat = (y_hat - y) / len(y)"),
]
RELU: list[Line] = [
    ("no_relu_mask", "{grad_Z} = {grad_H}"),
    ("relu_mask_from_gradient", "{grad_Z} = {grad_H} * ({grad_H} > 0)"),
    ("relu_mask_reversed", "{grad_Z} = {grad_H} * ({H} <= 0)"),
    ("relu_output_as_mask", "{grad_Z} = {grad_H} * {H}"),
    ("relu_arguments_swapped", "{grad_Z} = {H} * ({grad_H} > 0)"),
    ("upstream_gradient_dropped", "{grad_Z} = 1.0 * ({H} > 0)"),
    ("another_activations_slope", "{grad_Z} = {grad_H} * {H} * (1 - {H})"),
    ("another_activations_slope", "{grad_Z} = {grad_H} * (1 - {H} ** 2)"),
    ("stale_forward", "kept, {home}.kept = getattr({home}, 'kept', {H}), {H}; {grad_Z} = {grad_H} * (kept > 0)"),
]
HIDDEN: list[Line] = [
    ("weight_gradient_from_preactivation", "grad_W2 = Z.T @ grad_O"),
]
UPDATES: list[Line] = [
    ("argument_changed", "{W} -= 0.1 * {grad_W}"),
]
SCALES_THE_INPUT: list[Line] = [
    ("argument_changed", "{X} *= 2"),
]
SCALES_THE_OUTPUT: list[Line] = [
    ("argument_changed", "{H} *= 2"),
]

FUNCTION, LINEAR_REGRESSION, SOFTMAX_REGRESSION, MLP, LAYERS = (
    "lesson1_functions",
    "lesson2_linear_regression.loss_and_gradients",
    "lesson3_softmax_regression.loss_and_gradients",
    "lesson4_mlp.loss_and_gradients",
    "lesson5_layers",
)
MODEL, CLASSES = "loss_and_gradients", "grad_O = softmax_cross_entropy_backward(P, y)"
BACKWARD_SLIPS: list[tuple[Place, list[Line]]] = [
    (
        Place(
            f"{FUNCTION}.linear_backward",
            "grad_b = grad_Y.sum(axis=0)",
            "linear_backward",
            "X=X W=W grad_X=grad_X grad_W=grad_W grad_b=grad_b grad_Y=grad_Y",
        ),
        LINEAR + BACK_THROUGH_W + UPDATES + SCALES_THE_INPUT,
    ),
    (
        Place(f"{FUNCTION}.squared_loss_backward", "grad_y_hat = (y_hat - y) / y.size", "squared_loss_backward", ""),
        SQUARED_LOSS + SEVERAL_OUTPUTS,
    ),
    (
        Place(
            f"{FUNCTION}.softmax_cross_entropy_backward",
            "grad_O = (P - T) / n",
            "softmax_cross_entropy_backward",
            "",
        ),
        CROSS_ENTROPY,
    ),
    (
        Place(
            f"{FUNCTION}.relu_backward",
            "grad_X = grad_Y * (Y > 0)",
            "relu_backward",
            "H=Y grad_Z=grad_X grad_H=grad_Y",
        ),
        RELU + SCALES_THE_OUTPUT,
    ),
    (Place(LINEAR_REGRESSION, "grad_y_hat = squared_loss_backward(y_hat, y)", MODEL, ""), SQUARED_LOSS),
    (
        Place(
            LINEAR_REGRESSION,
            "grad_X, grad_W, grad_b = linear_backward(grad_y_hat, X, W)",
            MODEL,
            "X=X W=W grad_X=grad_X grad_W=grad_W grad_b=grad_b grad_Y=grad_y_hat",
        ),
        LINEAR + UPDATES,
    ),
    (Place(SOFTMAX_REGRESSION, CLASSES, MODEL, ""), CROSS_ENTROPY + LOGITS),
    (
        Place(
            SOFTMAX_REGRESSION,
            "grad_X, grad_W, grad_b = linear_backward(grad_O, X, W)",
            MODEL,
            "X=X W=W grad_X=grad_X grad_W=grad_W grad_b=grad_b grad_Y=grad_O",
        ),
        LINEAR + UPDATES,
    ),
    (Place(MLP, CLASSES, MODEL, ""), CROSS_ENTROPY + LOGITS),
    (
        Place(
            MLP,
            "grad_H, grad_W2, grad_b2 = linear_backward(grad_O, H, W2)",
            MODEL,
            "X=H W=W2 grad_X=grad_H grad_W=grad_W2 grad_b=grad_b2 grad_Y=grad_O",
        ),
        LINEAR + BACK_THROUGH_W + HIDDEN,
    ),
    (Place(MLP, "grad_Z = relu_backward(grad_H, H)", MODEL, "H=H grad_Z=grad_Z grad_H=grad_H"), RELU),
    (
        Place(
            MLP,
            "grad_X, grad_W1, grad_b1 = linear_backward(grad_Z, X, W1)",
            MODEL,
            "X=X W=W1 grad_X=grad_X grad_W=grad_W1 grad_b=grad_b1 grad_Y=grad_Z",
        ),
        LINEAR + UPDATES,
    ),
    (
        Place(
            f"{LAYERS}.Linear.backward",
            "grad_X, grad_W, grad_b = linear_backward(grad_Y, self.X, self.W.data)",
            "type(self)",
            "X=self.X W=self.W.data grad_X=grad_X grad_W=grad_W grad_b=grad_b grad_Y=grad_Y",
        ),
        LINEAR + BACK_THROUGH_W + SCALES_THE_INPUT,
    ),
    (
        Place(
            f"{LAYERS}.ReLU.backward",
            "grad_X = relu_backward(grad_Y, self.Y)",
            "type(self)",
            "H=self.Y grad_Z=grad_X grad_H=grad_Y",
        ),
        RELU,
    ),
]
