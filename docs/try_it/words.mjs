// What the page says, in both languages.

export const words = {
  en: {
    example: "Begin with",
    code: "Your code",
    check: "Check",
    stop: "Stop",
    report: "Report",
    idle: "Nothing is loaded until you press Check.",
    python: "Loading Python ...",
    numpy: "Loading NumPy and numpynet ...",
    checking: "Checking ...",
    done: "Done.",
    stopped: "Stopped.",
    late: "It did not finish within {seconds} s. Is there an infinite loop?",
    failed: "Python could not be loaded or has ended: {error}",
  },
  zh: {
    example: "从这里开始",
    code: "你的代码",
    check: "检查",
    stop: "停止",
    report: "报告",
    idle: "按下“检查”之前，什么也不会下载。",
    python: "正在加载 Python……",
    numpy: "正在加载 NumPy 和 numpynet……",
    checking: "正在检查……",
    done: "完成。",
    stopped: "已停止。",
    late: "{seconds} 秒内没有完成。是不是死循环？",
    failed: "Python 没能加载，或者已经结束：{error}",
  },
};
