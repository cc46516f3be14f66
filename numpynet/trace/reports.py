"""From the report of a gradient check to two traces: the learner's pass, and the right one."""
