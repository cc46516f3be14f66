"""The exercises: the library's core as lessons with gaps, which mark themselves and name the mistake.

    numpynet exercises DIR        writes the lessons into DIR
    numpynet check DIR            marks them, and so does pytest DIR
    numpynet exercises --prove    plants every known mistake in the solutions: is each one caught, and named?

`solutions` are the lessons, solved; `folder` makes the gaps; `lessons` says what each gap is worth and how it is
marked, `marking` marks a learner's file; `slips` are the mistakes, and `prove` plants them.
"""
