"""The solved lessons. The code between BEGIN SOLUTION and END SOLUTION is a gap in the learner's copy. The comment
above the gap, the formula in words, is the hint that stays there.
"""
