"""The sentences of the catalogue of mistakes in Chinese, with the same gaps as those in `mistakes`."""

SENTENCES = {
    "wrong_sign": "符号反了。梯度指向上升最快的方向；负号应写在更新里：W −= lr · grad_W。",
    "sum_not_mean": "缺少 1/{n}。损失是 {n} 项的平均，所以它的梯度也是 {n} 项的平均。",
    "divided_by_n_twice": "多除了一次 {n}。平均只在损失里取一次，前面的层只是把这个 1/{n} 传下去。",
    "factor_two": "{it} 是应有值的 2 倍。损失里若有 ½，它会与平方求导得到的 2 抵消。",
    "factor_half": "{it} 只有应有值的一半。损失里若没有 ½，平方求导得到的 2 应保留。",
    "divided_by_examples_not_elements": "平均是对全部 N 个元素取的，不只是 n 个样本：有多个输出时，N = n · 输出个数。",
    "divided_by_elements_not_examples": "平均只对样本取：{P} 的一行是一个样本，对应一个损失。",
    "bias_mean_not_sum": "偏置的梯度应对样本求和，这里却取了平均：{b} 加到了每个样本上，"
    "而损失的 1/{n} 已经包含在 {grad_Y} 里。",
    "bias_first_example_only": "偏置的梯度只用了一个样本，但 {b} 加到了每个样本上：应对所有样本求和。",
    "bias_over_wrong_axis": "偏置的梯度求和的轴错了。{b} 的每个元素对应 {grad_Y} 的一列：应按行相加，axis=0。",
    "bias_not_summed": "偏置的梯度仍是每个样本一行。{b} 加到了每一行上：应按行相加，axis=0。",
    "no_relu_mask": "梯度原样通过了 ReLU。在 {Z} <= 0 处，无论 {Z} 是多少，输出都是 0，所以那里没有梯度通过。"
    "（掩码 {H} >= 0 不起作用：{H} 从不为负。）",
    "upstream_gradient_dropped": "这里只有激活函数的导数。按链式法则，还要乘以传来的梯度 {grad_H}。",
    "relu_mask_from_gradient": "掩码是由梯度得到的。ReLU 在哪里让梯度通过，取决于前向传播的值 {Z} 或 {H}，"
    "与梯度的符号无关。",
    "relu_mask_reversed": "掩码反了：梯度应在 {Z} > 0 处通过，因为那里的输出等于 {Z}。",
    "relu_arguments_swapped": "梯度和前向传播的值对调了：通过的应是梯度 {grad_H}，由 {Z} 决定在哪里通过。"
    "调用函数时参数的顺序是不是错了？",
    "relu_output_as_mask": "梯度乘的是 ReLU 的输出，而不是它的导数；凡是 {Z} > 0 处，导数都是 1。",
    "another_activations_slope": "这是另一种激活函数的导数。这个网络中激活函数的导数是 {slope}。",
    "relu_mask_on_logits": "对 {O} 的梯度用了 ReLU 掩码，但 {O} 后面没有 ReLU。",
    "no_activation_slope": "梯度原样通过了激活函数。它必须乘以导数 {slope}。",
    "slope_of_the_wrong_value": "导数是 {slope}，其中 {H} 是激活函数的输出。这里却用了另一个值来计算。",
    "incomplete_slope": "导数少了一部分，或者有一项符号错了。它应是 {slope}。",
    "weight_gradient_from_preactivation": "这一层的输入是 {H}，即 ReLU 的输出。ReLU 的输入 {Z} 从未与 {W} 相乘。",
    "weight_one_example_only": "权重的梯度只来自一个样本，但每个样本都用到 {W}：要把各样本的乘积加起来。"
    "如果写成循环，应使用 += 而不是 =，并在循环之后再 return。",
    "weight_not_transposed": "反向传播时 {W} 必须转置：前向时，元素 (k, j) 从输入 k 通向输出 j；反向时，"
    "从输出 j 通向输入 k。",
    "weight_gradient_not_transposed": "{H} 必须转置：{grad_W} 的元素 (k, j) 是对所有样本求和："
    "{H} 中输入 k 的值乘以 {grad_Y} 中输出 j 的值，也就是 {H}ᵀ {grad_Y}。",
    "reshaped_not_transposed": "reshape 只改变形状，数的先后顺序不变：它不是转置。",
    "weight_gradient_transposed": "权重的梯度转置了。{grad_W} 与 {W} 形状相同：每个输入一行，每个输出一列。",
    "weights_updated_before_backward": "{W} 在它的旧值用于计算 {grad_H} 之前就被更新了。应先算出所有梯度，再更新。",
    "weight_decay_in_gradient": "梯度里有权重衰减，损失里却没有。应在损失中加上 λ/2 Σ {W}²，或者把权重衰减交给优化器。",
    "weight_decay_missing": "损失里有权重衰减，梯度里却没有：应加上 λ {W}。",
    "weight_decay_factor": "梯度中权重衰减的系数与损失中的不一致。λ/2 {W}² 的导数是 λ {W}，λ {W}² 的导数是 2 λ {W}。",
    "missing_onehot": "缺少 − {T}：在真实类别处，梯度是概率减 1。",
    "onehot_broadcast": "只有每个样本自己的类别处才减 1，而且是在相除之前：{times}({P} − {T}){over}。",
    "missing_probabilities": "缺少 {P}：其他类别的 logit 也有梯度，就是它们的概率。",
    "missing_target": "缺少目标 {T}：梯度与预测的误差 {P} − {T} 成正比。",
    "missing_prediction": "缺少预测 {P}：梯度与预测的误差 {P} − {T} 成正比。",
    "plus_not_minus": "该用减号的地方用了加号：梯度与差 {P} − {T} 成正比。",
    "softmax_over_examples": "softmax 是沿样本方向做的。应沿类别方向，axis=1：每个样本的概率加起来等于 1。",
    "softmax_twice": "softmax 做了两次。以 logits 为参数的函数自己会做 softmax：应传给它 {O}，而不是概率。",
    "softmax_missing": "该用 logits 的 softmax 的地方，直接用了 logits。",
    "softmax_slope_twice": "{times}({P} − {T}){over} 就是对 logits 的梯度：其中已经包含了 softmax 的导数。",
    "sigmoid_slope_twice": "{times}({P} − {T}){over} 就是对 logits 的梯度：其中已经包含了 sigmoid 的导数。",
    "softmax_slope_missing": "这是对 {P} 的梯度，不是对 {O} 的。在 softmax 中，每个 logit 都会改变每个概率："
    "应把 softmax 和损失合在一起求导。",
    "softmax_slope_of_one_class_only": "softmax 的导数只用在了真实类别上。由于公共的分母，"
    "每个 logit 都会改变每个概率。",
    "labels_shifted": "标签错了一位：{T} 的第 i 行属于样本 i，类别从 0 开始数。",
    "fixed_batch_size": "总和除以了常数 c，而不是 {n}：最后一个较小的批量会得到错误的梯度。",
    "stale_forward": "反向传播用到了上一次调用留下的数组。每次调用都应重新计算或保存所有的量。",
}
