"""A learner's file, run in a process of its own, which answers with numbers."""
