"""The hints, and the sentences of forward mistakes, in Chinese; the formulas are those of the English ones."""

from __future__ import annotations

from collections.abc import Mapping

LINEAR = (
    "Y 的元素 (i, j) 对所有输入 k 求和：样本 i 的输入 X_ik 乘以从输入 k 通向输出 j 的权重 W_kj；"
    "最后加上输出 j 的偏置 b_j。",
    "X 与 W 的矩阵乘积，每一行再加上 b。",
    "Y = X W + b",
)
RELU = ("每个元素各自变化：正数保持不变，其余变成 0。", "对每个元素，取它与 0 中较大的。", "Y = max(X, 0)，逐个元素")
SGD = (
    "梯度指出 L 增长最快的方向。朝相反的方向走一小步，lr 决定步子多小。必须改变数组本身，因为别处也持有它。",
    "从每个数组中就地减去 lr 乘以梯度。",
    "W ← W − lr grad_W，对每个数组",
)
FIX = "逐行检查：这个量应该是什么，这一行用了哪些数？评分的结果会说明该看哪里。"

HINTS: Mapping[str, tuple[str, ...]] = {
    "lesson0_numpy.row_sums": (
        "哪个轴要消失，哪个轴要留下？结果是一列，所以被求和的轴要保留。",
        "沿轴 1 求和，并用 keepdims。",
        "S_i1 = Σₖ X_ik      X.sum(axis=1, keepdims=True)",
    ),
    "lesson0_numpy.center": (
        "一列对应一个输入，列中的各行是各个样本：平均是对样本取的。",
        "X 减去沿轴 0 的平均值，它会广播到每一行。",
        "X_ik − 1/n Σᵢ X_ik      X - X.mean(axis=0)",
    ),
    "lesson0_numpy.pick": (
        "O[:, y] 取的是整列。要从每一行取一个元素，行也要用下标。",
        "用 np.arange（样本数）和 y 来索引 O。",
        "rᵢ = O_iyᵢ      O[np.arange(len(y)), y]",
    ),
    "lesson0_numpy.one_hot": (
        "单位矩阵的第 c 行在第 c 列是 1，其余是 0。",
        "用 y 从 np.eye(q) 中取行。",
        "T_ij = 1（若 j = yᵢ），否则 0      np.eye(q)[y]",
    ),
    "lesson0_numpy.keep_positive": (
        "相乘时，掩码中的 True 和 False 当作 1 和 0。",
        "X 乘以掩码 X > 0；或者对 X 和 0 用 np.maximum。",
        "Y = X ∘ (X > 0)",
    ),
    "lesson0_numpy.halve": (
        "X = X / 2 生成一个新数组，调用者的数组不变。",
        "就地相乘：*=。",
        "X ← X / 2      X *= 0.5",
    ),
    "lesson0_numpy.outer": (
        "把 x 变成一列，广播就会让它沿着行 y 重复。",
        "x[:, None] 乘以 y。",
        "Z_kj = x_k y_j      x[:, None] * y",
    ),
    "lesson1_functions.linear": LINEAR,
    "lesson1_functions.linear_backward": (
        "X、W、b 的元素只有通过 Y 的元素才能改变 L。看 Y_ij = Σₖ X_ik W_kj + b_j。W_kj 出现在 Y 的第 j 列，"
        "每行 i 一次，并乘以 X_ik。所以 W_kj 增大一点时，Y_ij 的增量是它的 X_ik 倍，"
        "而 Y_ij 每增大一个单位，L 变化 grad_Y_ij：对样本 i 把这些加起来。"
        "对只出现在第 i 行的 X_ik 和出现在每一行的 b_j 也这样做。形状只允许一种矩阵乘积。",
        "grad_X：grad_Y 与 W 转置的矩阵乘积。grad_W：X 转置与 grad_Y 的矩阵乘积。grad_b：grad_Y 各行之和。",
        "grad_X = grad_Y Wᵀ      grad_W = Xᵀ grad_Y      grad_b = Σᵢ (grad_Y)ᵢ",
    ),
    "lesson1_functions.squared_loss": (
        "取每个预测与目标之差，平方后减半；再求平均。",
        "y_hat 与 y 之差的平方的一半，对所有元素求平均。",
        "L = 1/N Σ (y_hat − y)² / 2，N 是元素个数",
    ),
    "lesson1_functions.squared_loss_backward": (
        "y_hat 的一个元素只出现在和式的一项中。e² / 2 的导数是 e；求平均又除以了多少项？",
        "y_hat 减去 y，除以 y 的元素个数。",
        "grad_y_hat = (y_hat − y) / N，N 是元素个数",
    ),
    "lesson1_functions.sgd": SGD,
    "lesson1_functions.softmax": (
        "exp 让每个 logit 变成正数；除以它们的和之后，一行的元素加起来等于 1。exp(1000) 在浮点数中是无穷大，"
        "但从整行减去同一个数，结果不变。",
        "每个 logit 的 exp，除以本行 exp 之和；在此之前，从一行的每个 logit 中减去本行最大的 logit。",
        "P_ij = exp(O_ij − mᵢ) / Σₖ exp(O_ik − mᵢ)，mᵢ 是第 i 行的最大值",
    ),
    "lesson1_functions.softmax_cross_entropy": (
        "如果真实类别的概率接近 1，这个样本的损失就小：它是 −log P_iy。商的对数是对数之差：其中一项就是 logit 本身，"
        "而且不会出现 0 的对数。",
        "对每个样本，O 中本行 exp 之和的对数，减去真实类别的 logit；再对样本求平均。"
        "先从一行的每个 logit 中减去本行最大的 logit。",
        "L = 1/n Σᵢ (log Σₖ exp(O_ik) − O_iyᵢ)      P = softmax(O)",
    ),
    "lesson1_functions.softmax_cross_entropy_backward": (
        "把 log Σₖ exp(O_ik) − O_iy 对 O_ij 求导。第一部分得到 exp(O_ij) / Σₖ exp(O_ik)，它有一个名字；"
        "第二部分在 j 是真实类别 y 时得到 1，否则是 0。而 L 是对样本的平均。",
        "概率 P，在每个样本的真实类别处减 1；全部除以样本数。",
        "grad_O = (P − onehot(y)) / n",
    ),
    "lesson1_functions.relu": RELU,
    "lesson1_functions.relu_backward": (
        "X 为正时 Y = X：L 随 Y 怎样变，就随 X 怎样变。X 不为正时，无论 X 是多少，Y 都是 0。"
        "Y 为正的地方正好是 X 为正的地方，所以只需要 Y。",
        "Y 为正时是 grad_Y，否则是 0。",
        "grad_X = grad_Y ∘ (Y > 0)，∘ 是逐个元素相乘",
    ),
    "lesson2_linear_regression.predict": LINEAR,
    "lesson2_linear_regression.loss_and_gradients": (
        "反向的每一步都回答：已知 L 随这一步的输出怎样变，它随这一步的输入怎样变？从损失开始，它的反向函数不需要梯度。",
        "squared_loss_backward 给出对预测的梯度。linear_backward 接过它，给出对 X、W 和 b 的梯度。",
        "grad_y_hat = (y_hat − y) / N      grad_W = Xᵀ grad_y_hat      grad_b = Σᵢ (grad_y_hat)ᵢ",
    ),
    "lesson3_softmax_regression.predict": LINEAR,
    "lesson3_softmax_regression.loss_and_gradients": (
        "就是第 2 课，只是换了损失。损失函数同时给出概率，它的反向函数需要这些概率。",
        "softmax_cross_entropy 给出损失和 P。softmax_cross_entropy_backward 由 P 和 y 给出 grad_O。"
        "linear_backward 再接过它。",
        "grad_O = (P − onehot(y)) / n      grad_W = Xᵀ grad_O      grad_b = Σᵢ (grad_O)ᵢ",
    ),
    "lesson4_mlp.predict": (
        "两个线性层；在它们之间，每个隐藏单元只让正数通过。没有这一步，两个线性层就等于一个。",
        "Z：对 X、W1 和 b1 使用 linear。H：对 Z 使用 relu。O：对 H、W2 和 b2 使用 linear。",
        "O = max(X W1 + b1, 0) W2 + b2",
    ),
    "lesson4_mlp.loss_and_gradients": (
        "把前向的步骤写成一列：Z、H、O、loss。从最后一个走到第一个。每一步都有一个反向函数，它接过下面那一步返回的梯度。"
        "第二层的输入是 H，不是 X。",
        "由损失得到 grad_O。经过第二层（输入是 H）：grad_H，以及 W2 和 b2 的梯度。经过 ReLU：grad_Z。"
        "经过第一层（输入是 X）：W1 和 b1 的梯度。",
        "grad_O = (P − onehot(y)) / n      grad_W2 = Hᵀ grad_O      grad_b2 = Σᵢ (grad_O)ᵢ\n"
        "grad_H = grad_O W2ᵀ      grad_Z = grad_H ∘ (H > 0)      grad_W1 = Xᵀ grad_Z      grad_b1 = Σᵢ (grad_Z)ᵢ",
    ),
    "lesson5_layers.Linear.forward": (
        "与第 1 课一样。但之后调用 backward 时只给 grad_Y：它还需要什么，谁有？",
        "把 X 保存在 self 里。返回对 X 以及 W 和 b 的 data 使用 linear 的结果。",
        "Y = X W + b",
    ),
    "lesson5_layers.Linear.backward": (
        "linear_backward 给出三个梯度。其中两个属于参数，参数里有存放它们的地方；第三个传给前面的层。",
        "对 grad_Y、forward 保存的 X 和 W 的 data 使用 linear_backward。W 的梯度存为 W 的 grad，"
        "b 的梯度存为 b 的 grad。返回 X 的梯度。",
        "grad_X = grad_Y Wᵀ      W.grad = Xᵀ grad_Y      b.grad = Σᵢ (grad_Y)ᵢ",
    ),
    "lesson5_layers.ReLU.forward": (
        f"{RELU[0]}保存 backward 需要的东西。",
        f"{RELU[1]}保存在 self 里。",
        RELU[2],
    ),
    "lesson5_layers.ReLU.backward": (
        "与第 1 课一样，用 forward 保存的 Y。",
        "返回对 grad_Y 和 forward 保存的 Y 使用 relu_backward 的结果。",
        "grad_X = grad_Y ∘ (Y > 0)",
    ),
    "lesson5_layers.Sequential.forward": (
        "一个层输出的东西，进入下一个层。",
        "从第一层到最后一层：每一层 forward 的输出是下一层的输入。",
        "Xₖ₊₁ = layerₖ(Xₖ)",
    ),
    "lesson5_layers.Sequential.backward": (
        "每一层都需要自己输出的梯度。哪一层的输出最先有梯度？",
        "从最后一层到第一层：每一层 backward 返回的梯度传给它前面的那一层。",
        "grad_Xₖ = layerₖ.backward(grad_Xₖ₊₁)，k 从最后到第一",
    ),
    "lesson5_layers.SGD.step": SGD,
    "lesson6_understanding.shapes": (
        "梯度的形状与它所属的量相同。由 X 算出的每个数组，每个样本一行。",
        "W1 从输入通向隐藏单元，W2 从隐藏单元通向类别；偏置中每个单元一个元素。",
        "X (n, d)，W1 (d, h)，b1 (h,)，Z 和 H (n, h)，W2 (h, q)，b2 (q,)，O (n, q)；grad_T 与 T 相同",
    ),
    "lesson6_understanding.by_hand": (
        "Z 的第 1 行：[1·1 + 2·2 + 0, 1·(−1) + 2·1 + 1]。先前向，再从损失往回算。",
        "grad_y_hat 是差除以 4，即元素个数。其余与第 4 课相同。",
        "grad_y_hat = (y_hat − y) / 4      grad_W2 = Hᵀ grad_y_hat      grad_H = grad_y_hat W2ᵀ\n"
        "grad_Z = grad_H ∘ (Z > 0)      grad_W1 = Xᵀ grad_Z      grad_b = 各行之和",
    ),
    "lesson6_understanding.grad_W_entry": (
        "对每个样本 i，Y_ij = Σₖ X_ik W_kj + b_j：W_kj 出现在 Y 的 n 个元素里，就是第 j 列的那些。",
        "对样本 i 求和：X_ik 乘以 grad_Y_ij。",
        "∂L/∂W_kj = Σᵢ X_ik grad_Y_ij",
    ),
    "lesson6_understanding.grad_X_entry": (
        "X_ik 只出现在 Y 的第 i 行，但每一列 j 都有，在那里乘以 W_kj。",
        "对输出 j 求和：grad_Y_ij 乘以 W_kj。",
        "∂L/∂X_ik = Σⱼ grad_Y_ij W_kj",
    ),
    "lesson6_understanding.grad_O_entry": (
        "增大一个 logit，会增大它自己类别的概率：除非它就是真实类别，否则这不是好事。",
        "概率，如果 j 是样本 i 的真实类别就减 1；再除以样本数。",
        "∂L/∂O_ij = (P_ij − [j = yᵢ]) / n",
    ),
    "lesson6_understanding.fix_linear": (
        FIX,
        "b 加到了 Y 的每一行上：各行的贡献应相加，而不是取平均。",
        "grad_b = Σᵢ (grad_Y)ᵢ",
    ),
    "lesson6_understanding.fix_cross_entropy": (
        FIX,
        "P 属于调用者，他可能还要用：之后概率加起来仍应等于 1。",
        "先写 grad_O = P.copy()",
    ),
    "lesson6_understanding.fix_mlp": (
        FIX,
        "前向传播中关闭的隐藏单元不让梯度通过。这在哪里体现？",
        "grad_Z = grad_H ∘ (Z > 0)",
    ),
    "lesson6_understanding.fix_step": (
        FIX,
        "这些梯度属于计算 O 时所用的参数。用到 W2 的时候，它还是那个 W2 吗？",
        "grad_Z = grad_O W2ᵀ ∘ (H > 0)，在 W2 改变之前",
    ),
    "lesson6_understanding.fix_softmax": (
        FIX,
        "如果另一行有大得多的 logit，这一行的每个 exp 都可能变成 0，于是 0 除以 0。",
        "P_ij = exp(O_ij − mᵢ) / Σₖ exp(O_ik − mᵢ)，mᵢ 是第 i 行的最大值",
    ),
}

SENTENCES: Mapping[str, str] = {
    "absolute_not_square": "取了绝对值，而不是平方。",
    "absolute_value": "负数变成了正数；它们应变成 0。",
    "added_not_subtracted": "加上了平均值；应减去它们。",
    "axis_not_kept": "和是对的，但形状是 (n,)。用 keepdims=True 得到 (n, 1)。",
    "bias_added_to_weights": "偏置加到了 W 上；它应加到乘积 X W 上，加到每一行。",
    "bias_as_column": "偏置加到了每一列上；它的每个元素对应 X W 的一列。",
    "bias_doubled": "偏置加了两次。",
    "bias_first_entry_only": "只用了偏置的第一个元素；X W 的每一列都有自己的偏置。",
    "bias_missing": "没有加偏置。",
    "bias_subtracted": "减去了偏置；应加上它。",
    "capped_at_one": "大的数被截断为 1；ReLU 只改变小于 0 的数。",
    "class_of_largest_logit": "用了 logit 最大的类别，而不是真实类别 y。",
    "column_sums": "这是各列的和（轴 0）；要的是各行的和（轴 1）。",
    "columns_not_rows": "结果转置了：样本应是它的行。",
    "entry_by_entry": "两个向量对应元素相乘了；x 的每个元素应与 y 的每个元素相乘。",
    "exp_overflows": "大的 logit 的 exp 是无穷大。应先从每一行减去本行最大的 logit。",
    "half_missing": "缺少 ½。",
    "halved_twice": "多除了一次 2。",
    "hidden_bias_missing": "没有加隐藏层的偏置 b1。",
    "inner_product": "这是内积，只是一个数；要的是所有的乘积 x[k] y[j]。",
    "largest_of_row": "这是每一行最大的元素；要的是第 y[i] 列的元素。",
    "layer_skipped": "漏掉了一层。",
    "layers_in_forward_order": "经过各层的顺序错了。",
    "log_of_zero": "概率可能舍入为 0，它的对数是无穷大。应按提示使用 logits。",
    "log_probabilities": "这是概率的对数。",
    "logits_not_probabilities": "用了真实类别的 logit，却没有用本行 exp 之和的对数。",
    "lr_missing": "梯度没有乘以 lr。",
    "mask_only": "正数处是 1；应是这个数本身。",
    "mean_not_sum": "这是平均；要的是和。",
    "mean_of_everything": "减去了所有元素的平均值；每一列有自己的平均值（轴 0）。",
    "mean_over_all_entries": "除以了所有 logit 的个数；平均是对样本取的。",
    "mean_over_examples_only": "和除以了样本数；要的是对所有元素的平均。",
    "minimum_not_maximum": "取了它与 0 中较小的；应取较大的。",
    "not_averaged": "每个样本或每个元素一个损失；要的是它们的平均。",
    "not_in_place": "数组没有改变。W -= ... 改变数组；W = W - ... 生成一个新数组。",
    "not_normalized": "一行的元素加起来不等于 1：应除以本行的和。",
    "not_squared": "差没有平方。",
    "one_column_only": "每一行有自己的列：第 i 行是 y[i]。",
    "one_hot_of_largest": "最大的元素变成 1，其余变成 0；每个都应变成概率。",
    "only_first_parameter": "只改变了第一个数组。",
    "only_the_means": "这是平均值；应从 X 中减去它们。",
    "only_the_positive": "这样去掉了其余的元素；它们应在原处变成 0。",
    "outer_transposed": "结果转置了：元素 (k, j) 是 x[k] 乘以 y[j]。",
    "output_bias_missing": "没有加输出层的偏置 b2。",
    "plus_not_minus": "预测和目标相加了；要的是它们的差。",
    "probabilities_not_logits": "这是概率；要的是 logits，不用 softmax。",
    "relu_missing": "两层之间没有 ReLU。",
    "relu_not_asked": "对输出用了 ReLU；不应使用。",
    "returned_unchanged": "原样返回了。",
    "root_taken": "开了平方根；不应这样做。",
    "row_means": "减去了各行的平均值（轴 1）；要的是各列的平均值（轴 0）。",
    "shift_by_largest_of_all": "减去的是所有 logit 中最大的：在别的行里，每个 exp 都可能变成 0。",
    "sigmoid_not_relu": "这是 sigmoid；应是 ReLU。",
    "softmax_over_everything": "对整个数组求了和；每一行有自己的和（轴 1）。",
    "softmax_over_examples": "对样本求了和（轴 0）；应对每个样本的各个类别求和（轴 1）。",
    "square_of_mean": "平均值的平方；应是平方的平均值。",
    "sum_not_mean": "这是和；要的是平均。",
    "sum_of_everything": "这是所有元素的和；要的是每行一个和（轴 1）。",
    "sums_not_products": "元素相加了；应相乘。",
    "update_doubled": "这一步走了两次。",
    "weights_transposed": "W 转置了。",
    "whole_columns": "取了整列；第 i 行只要一个元素，即第 y[i] 列的那个。",
    "whole_rows": "取了整行；第 i 行只要一个元素，即第 y[i] 列的那个。",
    "wrong_sign": "符号反了。",
}
