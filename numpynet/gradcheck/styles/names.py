"""What the names in people's code stand for. Names only suggest what to try first: numbers decide."""

from __future__ import annotations

import re

# The role of an argument or an attribute, by its name in lower case without underscores and digits.
ROLES = {
    "X": (
        "x xs xi input inputs inputdata inputlayer xtrain xbatch batchx trainx features images data inp ain "
        "aprev hprev samples examples xin z zs trainingdata trainingx traindata traininginputs traininginput "
        "inputvector inputarray inputslist matx datax xdata trainingset dataset"
    ),
    "y": (
        "y ys yi t ts target targets label labels ytrue truey expected ytrain ybatch batchy trainy gt truth "
        "onehoty yonehot onehot groundtruth desired answer answers labelonehot tonehot tbatch expectedoutput "
        "targetvalues yreal realy actual outputtrue ytarget labeldata targetvector trainingy trainingoutputs "
        "trainingoutput trainlabels traintargets desiredoutput correct targetslist datay yenc yactual"
    ),
    "G": (
        "g grad grads dout dy dz da delta gradoutput outputgradient outputgrad gradout dvalues upstream error "
        "err doutput gradient outputerror topdiff dldy dldz dldout dlda dl dloss upstreamgrad "
        "upstreamgradient outgrad backgrad gradin dnext nextgrad eta lossgrad accumgrad outputdelta dinput dh "
        "do gradupstream outputdiff residual dinputs grady gradz gradh gradfromnext dx topgrad incominggrad "
        "dzl dal bottomgrad accumulatedgradient gradoutputs outputgradients errors diff dlossdout"
    ),
    "lr": "lr learningrate alpha eta stepsize rate learnrate lrate step epsilonlr gamma",
    "reg": (
        "reg l l2 lambda lambd lamda lmbda lam weightdecay decay regstrength regularization regularisation "
        "l2reg regparam beta lambdareg wd regrate regl"
    ),
    "epochs": (
        "epochs epoch iterations iteration numiterations niter niters iters iter numepochs nepochs steps "
        "numiters maxiter nepoch numsteps noiterations nsteps maxiters maxepochs epochnum times"
    ),
    "batch": "batchsize batch minibatchsize bs minibatch nbatch batchlength",
    "params": (
        "params parameters theta thetas layers model weightsandbiases parameter param network net wb weightsbiases "
        "wts nnparams weightsdict"
    ),
    "cache": (
        "cache caches memory ctx cached context fcache linearcache activationcache forwardcache history store "
        "intermediates"
    ),
    "activation": "activation act activationfunction actfunc nonlinearity activationtype actname activationname actfn",
    "n": "m n num numexamples nsamples batchn numsamples samplesize nexamples samplenum size",
    "P": (
        "p yhat ypred pred preds predict prediction predictions output outputs out o probs prob probabilities a al yp "
        "yhats logits scores predicted predictedoutput score softmaxoutput softout yout finaloutput guess "
        "hypothesis h"
    ),
}
ROLE_OF = {name: role for role, names in ROLES.items() for name in names.split()}

# What a role is called within longer names, the first that fits.
PARTS = (
    ("lr", "learn"), ("reg", "lambda"), ("epochs", "epoch"), ("epochs", "iter"), ("batch", "batchsize"), ("y", "label"),
    ("y", "target"), ("y", "true"), ("cache", "cache"), ("P", "pred"), ("params", "param"), ("G", "grad"),
    ("G", "dout"), ("G", "upstream"), ("G", "delta"), ("G", "error"), ("X", "input"), ("P", "output"), ("P", "prob"),
)  # fmt: skip

# Constructor arguments that give sizes: of all layers in a list, of the hidden ones, of the input, of the output.
COUNT = r"(n|nb|num|no|size|dim|d)?_?(of_?)?"
OF = r"_?(layer)?s?_?(size|dim|node|unit|neuron|feature|channel)?s?(num|n|count|shape|data|len|1)?"
SIZES = {
    "list": (
        r"(layer_?)?(sizes|dims|dimensions|units|nodes|shape|widths|structure|architecture|arch|topology|neurons)"
        r"|layers?(_?(sizes?|dims?|list|config|nodes|units|structure|shapes?|neurons|dimensions?))?|net_?(arch|shape)"
    ),
    "hidden_list": r"hidden_?(layers|sizes|dims|units_list|layer_?(sizes|dims))|hiddens",
    "hidden": COUNT + r"(hid|hidden|h|middle|mid)(den)?" + OF + r"|hdim",
    "in": COUNT + r"(in|input|ins|inp|feature|features|d|x|fan_?in|prev|previous)" + OF + r"|nin|din|dim_?in",
    "out": COUNT
    + r"(out|output|outs|class|classes|neuron|neurons|units?|k|c|fan_?out|o|y|nodes?|next|current|label)"
    + OF
    + r"|nout|dout|dim_?out|width",
}

FORWARD = (
    r"forward|fwd|fprop|feed_?forward|__call__|predict|infer|activate|propagate|output|call|"
    r"apply|compute|f|query|hypothesis|model|net|affine|layer|run|scores?|evaluate|eval|"
    r"transform|func|function|fn|activation"
)
BACKWARD = (
    r"back|bprop|bwd|grad|deriv|delta|nabla|prime|jacobian|diff|^d_|^df$|^d(?=sig|tanh|relu|"
    r"loss|cost|soft|mse|cross|act|log|squared|lin|affine|elu|lrelu|leaky|hinge)"
)
UPDATE = r"step|train|update|fit|learn|optimi[sz]e|epoch|sgd|descent|descend|run|adjust|apply_?grad|minimi[sz]e"
LOSS = r"loss|cost|error|objective|criterion|mse|entropy|nll|ce$|sse|likelihood|energy|(^|_)j$"
IGNORED = (
    r"adagrad|adadelta|momentum|optimizer|regulari|l[12]_reg|padding|numeric|num_?grad|"
    r"grad_?check|check|approx|finite|plot|draw|print|save|load|test|accuracy|score$|"
    r"zero_?grad|debug|show|eval_num|animate|demo|main|read|download|clip|init|reset|one_?hot"
)


# Chinese words in names, and the English ones that they stand for; longer words come first.
CHINESE = {
    "学习率": "lr", "步长": "lr", "正则化": "reg", "正则": "reg", "权重衰减": "weight_decay", "迭代次数": "epochs",
    "轮数": "epochs", "批量大小": "batch_size", "批大小": "batch_size", "批量": "batch", "样本数": "n",
    "类别数": "classes", "初始化": "init", "准确率": "accuracy", "数值": "numeric", "检查": "check", "画图": "plot",
    "独热": "onehot", "前向传播": "forward", "前向": "forward", "正向": "forward", "反向传播": "backward",
    "反向": "backward", "后向": "backward", "梯度下降": "descent", "梯度": "grad", "导数": "deriv", "求导": "deriv",
    "损失": "loss", "代价": "cost", "交叉熵": "cross_entropy", "均方误差": "mse", "误差": "error", "更新": "update",
    "训练": "train", "拟合": "fit", "预测": "predict", "输入": "input", "输出": "output", "隐藏层": "hidden",
    "隐藏": "hidden", "隐层": "hidden", "大小": "size", "维度": "dim", "标签": "label", "目标": "target",
    "真实值": "y_true", "参数": "params", "权重": "weight", "权值": "weight", "偏置": "bias", "缓存": "cache",
    "激活": "activation", "数据": "data", "线性": "linear", "网络": "net",
}  # fmt: skip


def english(name: str) -> str:
    """The name in lower case, with English words for Chinese ones."""
    for word, translation in CHINESE.items() if not name.isascii() else ():
        name = name.replace(word, translation)
    return name.lower()


def bare(name: str) -> str:
    """The name in lower case, without dots, underscores and digits."""
    return re.sub(r"[._\d]", "", english(name))


def role_of(name: str) -> str:
    """X, y, G, lr, reg, epochs, batch, params, cache, n, P (a prediction); W or b; "" if the name says nothing."""
    short = bare(name)
    if kind_of_parameter(name):
        return kind_of_parameter(name)
    if short in ROLE_OF:
        return ROLE_OF[short]
    for role, part in PARTS:
        if part in short:
            return role
    return ""


def kind_of_parameter(name: str) -> str:
    """W for the names of weights, b for those of biases."""
    short = bare(name)
    if re.fullmatch(r"theta_?\d", name.lower()):  # theta alone is all parameters together
        return "W"
    if re.fullmatch(
        r"w|ws|[a-z]{0,7}weights?|w(x|h|y|o|i|out|in|hidden|output|ih|ho|xh|hy|ha)|weights?[a-z]{0,7}|wgt|kernel|syn",
        short,
    ):
        return "" if any(part in short for part in ("decay", "dict", "weighted")) else "W"
    if re.fullmatch(
        r"b|bs|[a-z]{0,7}bias(es)?|bias(es)?[a-z]{0,7}|b(x|h|y|o|i|out|in|hidden|output|ih|ho)|intercept", short
    ):
        return "b"
    return ""


def matches(pattern: str, name: str) -> bool:
    return re.search(pattern, english(name)) is not None


def size_role(name: str) -> str:
    """in, hidden, out, list or hidden_list, for a constructor's argument that gives a size; "" for others."""
    return next((role for role, pattern in SIZES.items() if re.fullmatch(pattern, english(name).strip("_"))), "")


def gradient_names(name: str) -> list[str]:
    """The usual names for the gradient of a parameter of this name, in lower case."""
    own = english(name).lstrip("_")
    letter = {"W": "w", "b": "b"}.get(kind_of_parameter(name), "") + re.sub(r"\D", "", own)
    patterns = (
        "d{}",
        "d_{}",
        "grad_{}",
        "grad{}",
        "{}_grad",
        "{}grad",
        "delta_{}",
        "{}_gradient",
        "dl_d{}",
        "dld{}",
        "nabla_{}",
        "{}_delta",
        "{}_g",
        "g{}",
        "del_{}",
        "d{}_",
    )
    return [pattern.format(each) for each in dict.fromkeys((own, letter, own.rstrip("s"))) for pattern in patterns]
