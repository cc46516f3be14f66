"""Lesson 0: the NumPy that the other lessons need. Skip it if you know all this, and look things up here later.

Axes.       X.sum(axis=0) adds up along axis 0, the rows: one sum for each column, shape (d,) for X (n, d). With axis=1
            there is one sum for each row, shape (n,). With keepdims=True the axis that is summed stays, with size 1:
            shapes (1, d) and (n, 1). mean, max and argmax take the same arguments.
Broadcast.  In X + b, shapes are compared from the right; an axis that is missing or has size 1 is repeated. (n, d) +
            (d,) adds b to every row. (n, d) − (n, 1) subtracts one number from each row. But (n, 1) − (n,) is (n, n).
Products.   A @ B is the matrix product: (n, d) @ (d, m) -> (n, m). A * B multiplies entry by entry. A.T: A transposed.
Indexing.   With a list of rows and a list of columns, O[[0, 1], [2, 0]] picks the entries (0, 2) and (1, 0).
            np.arange(n) is [0, 1, ..., n − 1]. x[:, None] turns (d,) into (d, 1).
Masks.      X > 0 holds True and False; in sums and products they count as 1 and 0. X[X < 0] are the entries below 0.
In place.   X -= 1 changes the array itself, for everybody who has it. X = X - 1 makes a new array and leaves the old
            one alone. Y = X is the same array under a second name; Y = X.copy() is a new one.

Do not modify any argument, except in halve.
"""

import numpy as np


def row_sums(X):
    """The sum of each row, as a column.  X (n, d) -> (n, 1)."""
    # One sum for each row; keep the axis that is summed.
    ### BEGIN SOLUTION
    return X.sum(axis=1, keepdims=True)
    ### END SOLUTION


def center(X):
    """X minus the mean of each column, so that every column has mean 0.  X (n, d) -> (n, d)."""
    # The means of the columns have shape (d,). Subtract them from every row.
    ### BEGIN SOLUTION
    return X - X.mean(axis=0)
    ### END SOLUTION


def pick(O, y):
    """From each row i of O, the entry in column y[i].  O (n, q), y (n,) integers -> (n,)."""
    # Pick with two arrays of indices: the rows 0, 1, ..., n − 1, and the columns y. There is no loop.
    ### BEGIN SOLUTION
    return O[np.arange(len(y)), y]
    ### END SOLUTION


def one_hot(y, q):
    """Row i is 1 in column y[i] and 0 elsewhere.  y (n,) integers from 0 to q − 1 -> (n, q)."""
    # Begin with zeros, and set one entry in each row; or pick rows of the identity matrix, np.eye(q).
    ### BEGIN SOLUTION
    return np.eye(q)[y]
    ### END SOLUTION


def keep_positive(X):
    """X where it is positive, else 0; X itself stays as it is.  Any shape."""
    # Multiply by a mask, or take the larger of each entry and 0; the result is a new array.
    ### BEGIN SOLUTION
    return X * (X > 0)
    ### END SOLUTION


def halve(X):
    """Halve every entry of X in place.  Returns None."""
    # Change the array itself: whoever has it must see the new numbers.
    ### BEGIN SOLUTION
    X *= 0.5
    ### END SOLUTION


def outer(x, y):
    """Entry (k, j) is x[k] times y[j].  x (d,), y (m,) -> (d, m)."""
    # A column (d, 1) times a row (m,) is broadcast to (d, m).
    ### BEGIN SOLUTION
    return x[:, None] * y
    ### END SOLUTION
