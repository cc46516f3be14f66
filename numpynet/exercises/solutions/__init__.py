"""The lessons, solved. What stands between BEGIN SOLUTION and END SOLUTION is a gap in the learner's copy; the comment
above it, the formula in words, stays there and is the hint.
"""
