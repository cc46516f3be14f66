"""One step of backpropagation, number by number: every named array of a pass, and what each of its entries is made of.

    trace(net, loss, X, y)                  a network of layers and its loss
    trace_scratch(module, params, X, y)     a module like those in numpynet.scratch
    trace_report(report)                    what a gradient check found: the learner's pass beside the right one

Each returns a Trace: `print(t)` lists the arrays, `t["grad_W1"]` is one of them, and `t.explain("grad_W1", (0, 2))`
shows the sum behind an entry. To read how it works, begin with `rules`, what each step's entries are made of; then read
`tape`, which records a pass, and `record`, the Trace.
"""

from numpynet.trace.examples import example, example_trace
from numpynet.trace.passes import trace, trace_scratch
from numpynet.trace.record import Trace
from numpynet.trace.reports import trace_report

__all__ = ["Trace", "example", "example_trace", "trace", "trace_report", "trace_scratch"]
