"""Uses a fast implementation where it gives the right result, and the plain one everywhere else."""


def checked(name, fast, plain, check, say=print):
    """Returns `fast` if `check(fast)` passes; if it raises, reports the error and returns `plain`.

    Without a fast implementation (`fast` is None), returns `plain` and reports nothing.
    """
    if fast is None:
        return plain
    try:
        check(fast)
    except Exception as error:  # the plain implementation works whatever the error
        say(f"{name} is not used: {type(error).__name__}: {str(error)[:500]}")
        return plain
    return fast


def relative_error(found, expected):
    found, expected = found.float(), expected.float()
    return ((found - expected).norm() / expected.norm()).item()


def require_near(found, expected, tolerance):
    error = relative_error(found, expected)
    if not error < tolerance:  # refuses NaN as well
        raise ArithmeticError(f"off by {error:.2e} of PyTorch's result, where {tolerance:.0e} is allowed")
