"""The exercises: the core of the library as lessons with gaps, which mark themselves and name the mistake.

    numpynet exercises DIR        writes the lessons to DIR
    numpynet check DIR            marks them, as pytest DIR does
    numpynet exercises --prove    plants every known mistake in the solutions: each must be caught and named

`solutions` has the solved lessons, and `folder` makes the gaps. `lessons` says how many points each gap is worth and
how it is marked; `marking` marks a learner's file. `slips` lists the mistakes, and `prove` plants them.
"""
