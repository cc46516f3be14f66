"""The command `numpynet`: `main` runs it, `parser` has its options, `train`, `check`, `exercises` and `data` are the
commands, and `run`, `resume`, `results` and `environment` support them.
"""
