"""How fast is backpropagation written by hand in NumPy? numpynet raced against PyTorch, JAX and scikit-learn.

What to read, in this order:

    problems      what is trained: the book's three models on its data
    contenders    who trains it: a class for each, with one method, `epoch`
    race          the contenders in processes of their own, in turns, and the ratios of their times
    worker        what runs in such a process
    steps, whole  the formulas one by one; a whole process, from its start, and its memory
    machine       what it was measured on
    report        the table, the charts, results.json

`python -m benchmarks` runs it all; `python -m benchmarks --quick` shows in a minute that it works.
"""
