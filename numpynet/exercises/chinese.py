"""The lessons in Chinese: what stands above each gap and in each docstring, the hints, and the sentences of mistakes.

The code is that of the English lessons; only the texts are replaced.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Mapping

COMMENT = re.compile(r"(?P<comment>(?:^ *# .*\n)+)(?P<begin>^ *### BEGIN SOLUTION\n)", re.MULTILINE)

# For each lesson, function, class or method: its docstring, and the comment above its gap ("" for what has none).
TEXTS: Mapping[str, tuple[str, str]] = {
    "lesson0_numpy": (
        """第 0 课：其他各课要用到的 NumPy。如果你都会，可以跳过，以后需要时再回来查。

轴。        X.sum(axis=0) 沿轴 0（行的方向）求和：每列一个和，X (n, d) 得到 (d,)。axis=1 时每行一个和，得到 (n,)。
            keepdims=True 时，被求和的轴保留下来，大小为 1：形状分别是 (1, d) 和 (n, 1)。mean、max、argmax 的参数相同。
广播。      计算 X + b 时，形状从右往左比较；缺少的轴或大小为 1 的轴会被重复。(n, d) + (d,) 把 b 加到每一行上。
            (n, d) − (n, 1) 从每一行减去一个数。但 (n, 1) − (n,) 的形状是 (n, n)。
乘积。      A @ B 是矩阵乘积：(n, d) @ (d, m) -> (n, m)。A * B 是对应元素相乘。A.T 是 A 的转置。
索引。      用行号的列表和列号的列表来索引，O[[0, 1], [2, 0]] 取出元素 (0, 2) 和 (1, 0)。
            np.arange(n) 是 [0, 1, ..., n − 1]。x[:, None] 把 (d,) 变成 (d, 1)。
掩码。      X > 0 里是 True 和 False；求和与相乘时，它们当作 1 和 0。X[X < 0] 是小于 0 的那些元素。
就地修改。  X -= 1 改变数组本身，凡是持有它的地方都会看到。X = X - 1 生成一个新数组，旧的不变。
            Y = X 只是给同一个数组起了第二个名字；Y = X.copy() 才是新数组。

除了 halve，不要修改任何参数。
""",
        "",
    ),
    "lesson0_numpy.row_sums": ("每一行的和，写成一列。  X (n, d) -> (n, 1)。", "每行一个和；保留被求和的轴。"),
    "lesson0_numpy.center": (
        "X 减去每一列的平均值，使每列的平均值为 0。  X (n, d) -> (n, d)。",
        "各列的平均值形状是 (d,)。从每一行中减去它们。",
    ),
    "lesson0_numpy.pick": (
        "从 O 的每一行 i 中取出第 y[i] 列的元素。  O (n, q)，y (n,) 为整数 -> (n,)。",
        "用两个下标数组来取：行 0, 1, ..., n − 1，列 y。不需要循环。",
    ),
    "lesson0_numpy.one_hot": (
        "第 i 行在第 y[i] 列是 1，其余是 0。  y (n,) 为 0 到 q − 1 的整数 -> (n, q)。",
        "先全部置 0，再在每行中设一个元素；或者从单位矩阵 np.eye(q) 中取行。",
    ),
    "lesson0_numpy.keep_positive": (
        "X 中的正数保持不变，其余变成 0；X 本身不变。  形状任意。",
        "乘以一个掩码，或者取每个元素与 0 中较大的；结果是一个新数组。",
    ),
    "lesson0_numpy.halve": (
        "把 X 的每个元素就地减半。  返回 None。",
        "要改变数组本身：凡是持有它的地方，都应看到新的数。",
    ),
    "lesson0_numpy.outer": (
        "元素 (k, j) 是 x[k] 乘以 y[j]。  x (d,)，y (m,) -> (d, m)。",
        "一列 (d, 1) 乘以一行 (m,)，会广播成 (d, m)。",
    ),
    "lesson1_functions": (
        """第 1 课：构成网络的函数，以及它们的梯度。

L 是损失，即训练要减小的那个数。对任何数组 T，grad_T 是 ∂L/∂T：T 的每个元素变化时 L 怎样变化，形状与 T 相同。
反向函数（backward）的第一个参数是对其函数输出的梯度，后面是它需要的数组；它返回对每个输入的梯度。损失在最后，所以它的
反向函数最先执行，不需要传入梯度。X 以及由它算出的数组，每一行是一个样本。

除了 sgd，不要修改任何参数。只需要 NumPy。
""",
        "",
    ),
    "lesson1_functions.linear": (
        "Y：线性层的输出。  X (n, d)，W (d, m)，b (m,) -> Y (n, m)。",
        "Y：X 与 W 的矩阵乘积，每一行再加上 b。",
    ),
    "lesson1_functions.linear_backward": (
        "linear 的梯度。  grad_Y (n, m)，X (n, d)，W (d, m) -> grad_X (n, d)，grad_W (d, m)，grad_b (m,)。",
        """grad_X、grad_W、grad_b：X、W、b 的每个元素变化时 L 怎样变化，形状各与它们相同。grad_Y 说明 Y 的每个元素
变化时 L 怎样变化。（W 的一个元素会改变 Y 的哪些元素，改变多少？）""",
    ),
    "lesson1_functions.squared_loss": (
        "L，一个数：预测 y_hat 与目标 y 相差多远。  y_hat 与 y 形状相同。",
        "L：y_hat 与 y 之差的平方的一半，对所有元素求平均。",
    ),
    "lesson1_functions.squared_loss_backward": (
        "squared_loss 的梯度。  y_hat 与 y 形状相同 -> grad_y_hat，形状也相同。",
        "grad_y_hat：y_hat 的每个元素变化时 L 怎样变化。（求平均的式子中一项的导数是什么？一共有多少项？）",
    ),
    "lesson1_functions.sgd": (
        "对字典 params 中的每个数组做一步梯度下降；grads 中的名字与它相同。  返回 None。",
        "就地修改 params 中的每个数组：减去 lr 乘以 grads 中同名的数组。",
    ),
    "lesson1_functions.softmax": (
        "P：把每一行的分数 O（叫作 logits）变成概率。  O (n, q) -> P (n, q)。",
        """P：每个 logit 的 exp，除以本行 exp 之和。先从一行的每个 logit 中减去本行最大的 logit：结果不变，
而 exp 不会上溢。""",
    ),
    "lesson1_functions.softmax_cross_entropy": (
        "L 和 P：已知真实类别 y 时 logits O 的损失，以及 P = softmax(O)。  O (n, q)，y (n,) 为整数。",
        """L：对每个样本，取 O 中本行 exp 之和的对数，减去真实类别的 logit；再对所有样本求平均。这里也要先从一行的每个
logit 中减去本行最大的 logit。（L 就是真实类别概率的 −log 的平均，但这样计算时不会出现 0 的对数。）""",
    ),
    "lesson1_functions.softmax_cross_entropy_backward": (
        "softmax_cross_entropy 对 logits 的梯度。  P (n, q)，y (n,) 为整数 -> grad_O (n, q)。",
        "grad_O：每个 logit 变化时 L 怎样变化。式子很短：大部分就是 P，每个样本只有真实类别处不同。",
    ),
    "lesson1_functions.relu": (
        "Y：X 中的正数保持不变，其余为 0。  形状任意。",
        "Y：对 X 的每个元素，取它与 0 中较大的。",
    ),
    "lesson1_functions.relu_backward": (
        "relu 的梯度，由它的输出 Y 得到。  grad_Y 与 Y 形状相同 -> grad_X，形状也相同。",
        "grad_X：X 的每个元素变化时 L 怎样变化。（在哪里 X 原样传给 Y？在哪里 Y 不依赖于 X？）",
    ),
    "lesson2_linear_regression": (
        """第 2 课：从零开始实现线性回归。模型是一个线性层，损失是均方误差的一半。

第 1 课的函数从 numpynet 导入，所以你可以先做这一课；它们的参数和结果都与第 1 课相同。要用自己写的函数来训练：
from lesson1_functions import linear, linear_backward, ...
全部写对以后，运行这个文件：它会找回生成数据时用的参数。
""",
        "",
    ),
    "lesson2_linear_regression.predict": (
        '预测 y_hat。  params："W" (d, 1) 和 "b" (1,)；X (n, d) -> y_hat (n, 1)。',
        "y_hat：对 X、W 和 b 使用 linear。",
    ),
    "lesson2_linear_regression.loss_and_gradients": (
        '损失，以及一个字典，其中是损失对 "W" 和 "b" 的梯度。  X (n, d)，y (n, 1)。',
        """前向：先算预测，再算平方损失。
反向：先求损失对预测的梯度，再经过线性层，求对 W 和 b 的梯度。（X 是数据，不需要它的梯度。）""",
    ),
    "lesson2_linear_regression.main": ("用 W = (2, −3.4)、b = 4.2 加上噪声生成的数据来训练。", ""),
    "lesson3_softmax_regression": (
        """第 3 课：从零开始实现 softmax 回归。一个线性层为每个类别算出一个 logit，softmax 把 logits 变成概率，
损失是交叉熵。

全部写对以后，运行这个文件：它会学着区分十种图片，达到线性模型能达到的水平。
""",
        "",
    ),
    "lesson3_softmax_regression.predict": (
        'logits O。  params："W" (d, q) 和 "b" (q,)；X (n, d) -> O (n, q)。',
        "O：对 X、W 和 b 使用 linear。（不需要 softmax：最大的 logit 就给出了类别。）",
    ),
    "lesson3_softmax_regression.loss_and_gradients": (
        '损失，以及一个字典，其中是损失对 "W" 和 "b" 的梯度。  X (n, d)，y (n,) 为整数类别。',
        """前向：先算 logits，再算它与 y 的交叉熵，以及概率 P。
反向：先求损失对 logits 的梯度，再经过线性层，求对 W 和 b 的梯度。""",
    ),
    "lesson3_softmax_regression.main": ("用 numpynet 画的形状图片来训练。", ""),
    "lesson4_mlp": (
        """第 4 课：从零开始实现多层感知机，写出完整的反向传播：每个前向步骤都有一个反向步骤，顺序相反。

    Z = X W1 + b1        H = max(Z, 0)        O = H W2 + b2        P = softmax(O)

全部写对以后，运行这个文件：对第 3 课的图片，隐藏层带来了明显的不同。
""",
        "",
    ),
    "lesson4_mlp.predict": (
        'logits O。  params："W1" (d, h)、"b1" (h,)、"W2" (h, q) 和 "b2" (q,)；X (n, d) -> O (n, q)。',
        "Z：对 X、W1 和 b1 使用 linear。  H：对 Z 使用 relu。  O：对 H、W2 和 b2 使用 linear。",
    ),
    "lesson4_mlp.loss_and_gradients": (
        '损失，以及一个字典，其中是损失对 "W1"、"b1"、"W2"、"b2" 的梯度。  X (n, d)，y (n,) 为类别。',
        """前向：像 predict 中那样算 Z、H、O，再算 O 与 y 的交叉熵，以及概率 P。
反向：由损失得到 grad_O。经过第二层（它的输入是 H）：grad_H，以及 W2 和 b2 的梯度。
经过 ReLU：grad_Z。经过第一层（它的输入是 X）：W1 和 b1 的梯度。""",
    ),
    "lesson4_mlp.main": ("用 numpynet 画的形状图片来训练。", ""),
    "lesson5_layers": (
        """第 5 课：层和优化器，它们是对象，持有参数，并记住反向传播需要的东西。

Parameter 对象 p 持有一个数组 p.data，以及损失对它的梯度 p.grad。forward(X) 返回一个层的输出，并保存 backward
要用的东西。
backward(grad_Y) 给该层参数的 grad 赋值（不是累加），并返回对该层输入的梯度。

全部写对以后，运行这个文件：它就是第 4 课的网络，由四个对象组成。
""",
        "",
    ),
    "lesson5_layers.Linear": ("Y = X W + b。", ""),
    "lesson5_layers.Linear.forward": ("", "保存 X。返回 Y：对 X 以及 W 和 b 的 data 使用 linear。"),
    "lesson5_layers.Linear.backward": (
        "",
        """对 grad_Y、forward 保存的 X 和 W 的 data 使用 linear_backward，得到三个梯度。把 W 的梯度存为 W 的 grad，
把 b 的梯度存为 b 的 grad。返回 X 的梯度。""",
    ),
    "lesson5_layers.ReLU": ("Y = max(X, 0)。", ""),
    "lesson5_layers.ReLU.forward": ("", "Y：对 X 使用 relu。保存 Y，并返回它。"),
    "lesson5_layers.ReLU.backward": ("", "返回对 grad_Y 和 forward 保存的 Y 使用 relu_backward 的结果。"),
    "lesson5_layers.Sequential": ("依次排列的几个层，当作一个层来用。", ""),
    "lesson5_layers.Sequential.forward": ("", "从第一层到最后一层：每一层的输出是下一层的输入。"),
    "lesson5_layers.Sequential.backward": ("", "从最后一层到第一层：每一层返回的梯度传给它前面的那一层。"),
    "lesson5_layers.SGD": ("对一列参数做随机梯度下降。", ""),
    "lesson5_layers.SGD.step": ("", "就地修改每个参数的 data：减去 lr 乘以它的 grad。grad 保持不变。"),
    "lesson5_layers.main": ("用 numpynet 画的形状图片来训练。", ""),
    "lesson6_understanding": (
        """第 6 课：你真的懂了吗？预测形状，用手算一个网络，逐个元素求梯度，还有五个各有一处错误的程序，找出来并改正。
这一课更需要的是铅笔，而不是电脑。
""",
        "",
    ),
    "lesson6_understanding.shapes": (
        """多层感知机一步中的各个形状：32 个样本，784 个输入，100 个隐藏单元，10 个类别。

    Z = X W1 + b1      H = max(Z, 0)      O = H W2 + b2      P = softmax(O)
    """,
        "每个形状写成一个元组：(32, 784)、(100,)，单个数写成 ()。",
    ),
    "lesson6_understanding.by_hand": (
        """一个网络，有两个输入、两个隐藏单元和两个输出，用手算两个样本。

        X = [[1,  2],     W1 = [[1, -1],     b1 = [0, 1]     W2 = [[ 1, 0],     b2 = [-1, 1]     y = [[0, 6],
             [3, -1]]           [2,  1]]                           [-1, 2]]                           [1, 3]]

    Z = X W1 + b1      H = max(Z, 0)      y_hat = H W2 + b2      loss = 所有元素的 (y_hat − y)² / 2 的平均
    """,
        "把数写成行的列表，例如 [[5, 2], [1, -3]]。后面的数接着你自己的数往下算：每一项单独评分。",
    ),
    "lesson6_understanding.grad_W_entry": (
        "Y = X W + b 时的 ∂L/∂W_kj：一个数，是对样本的和。  X (n, d)，grad_Y (n, m)。",
        "对每个样本 i，W_kj 都乘以 X_ik 出现在 Y_ij 里。把这个和写成循环，或者用 sum；不要用矩阵乘积。",
    ),
    "lesson6_understanding.grad_X_entry": (
        "Y = X W + b 时的 ∂L/∂X_ik：一个数。  grad_Y (n, m)，W (d, m)。",
        "X_ik 出现在 Y 的哪些元素里？在那里乘以什么？",
    ),
    "lesson6_understanding.grad_O_entry": (
        "平均交叉熵的 ∂L/∂O_ij：一个数。  P (n, q) 是概率，y (n,) 是真实类别。",
        "样本 i 的真实类别是 y[i]；损失是 n 个样本的平均。",
    ),
    "lesson6_understanding.fix_linear": (
        "经过 Y = X W + b 的梯度。  grad_Y (n, m)，X (n, d)，W (d, m) -> grad_X，grad_W，grad_b。",
        "有一行是错的。找出来并改正。",
    ),
    "lesson6_understanding.fix_cross_entropy": (
        "平均交叉熵对 logits 的梯度。  P (n, q)，y (n,) -> grad_O (n, q)。",
        "它返回的数是对的，但还是有问题：调用者之后会发现什么？",
    ),
    "lesson6_understanding.fix_mlp": (
        "用于回归的多层感知机的损失（所有元素的 (y_hat − y)² / 2 的平均），以及按名字给出的梯度。",
        "反向传播中有一行是错的。",
    ),
    "lesson6_understanding.fix_step": (
        """对多层感知机做一步梯度下降，从 grad_O 开始：就地修改 params 中的数组。  返回 None。

    H = max(X W1 + b1, 0) 和 O = H W2 + b2 是用这些 params 算出来的。
    """,
        "每个公式都是对的。它们用到的每个数也都对吗？",
    ),
    "lesson6_understanding.fix_softmax": (
        "P：把每一行的 logits O 变成概率。  O (n, q) -> P (n, q)。",
        "对有些行是对的，对有些行是错的。",
    ),
}


def in_chinese(lesson: str, text: str) -> str:
    """The text of a lesson's solution with its docstrings and comments in Chinese."""
    lines = text.splitlines(keepends=True)
    for name, node in reversed(list(_documented(lesson, ast.parse(text)))):
        own = node.body[0]
        indent = " " * own.col_offset
        lines[own.lineno - 1 : own.end_lineno] = [f'{indent}"""{TEXTS[name][0]}"""\n']
    text = "".join(lines)
    for name, found in reversed(list(_commented(lesson, text))):
        indent = " " * (len(found["begin"]) - len(found["begin"].lstrip()))
        comment = textwrap.indent(TEXTS[name][1], f"{indent}# ") + "\n"
        text = text[: found.start()] + comment + text[found.start("begin") :]
    return text


def _documented(lesson: str, tree: ast.Module) -> list[tuple[str, ast.Module | ast.ClassDef | ast.FunctionDef]]:
    """The module, and its functions and classes, that have a docstring, in the order of the file."""
    named: list[tuple[str, ast.Module | ast.ClassDef | ast.FunctionDef]] = [(lesson, tree)]
    named += [(f"{lesson}.{each.name}", each) for each in tree.body if isinstance(each, ast.ClassDef | ast.FunctionDef)]
    return [(name, node) for name, node in named if ast.get_docstring(node) is not None]


def _commented(lesson: str, text: str) -> list[tuple[str, re.Match[str]]]:
    """The comments above the gaps, with the names of the functions that they stand in."""
    found = []
    for match in COMMENT.finditer(text):
        before = text[: match.start()]
        indent, name = re.findall(r"^( *)def (\w+)", before, re.M)[-1]
        within = re.findall(r"^class (\w+)", before, re.M)[-1:] if indent else []
        found.append((".".join([lesson, *within, name]), match))
    return found
