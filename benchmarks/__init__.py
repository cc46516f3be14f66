"""How fast is backpropagation written by hand in NumPy? numpynet is raced against PyTorch, JAX and scikit-learn.

Reading order:

    problems      what is trained: the book's three models on its data
    contenders    who trains it: one class per implementation, one file per library
    race          the contenders timed in turns, each in its own process
    worker        such a process
    steps, whole  single formulas; whole processes, from start to end, and their memory
    machine       the machine, and reasons to doubt its figures
    report        tables, charts, results.json

`python -m benchmarks` runs everything; `python -m benchmarks --quick` shows in a minute that it works.
`--redraw` draws the pictures again from results.json.
"""
