"""A fast way of computing something where it gives the right result, the plain way everywhere else."""


def checked(name, fast, plain, check, say=print):
    """`fast` if `check(fast)` passes; `plain` if it raises anything, which is said.

    `fast` None: this machine has no fast way, and nothing is said.
    """
    if fast is None:
        return plain
    try:
        check(fast)
    except Exception as error:  # whatever it is, the plain way still gives the right result
        say(f"{name} is not used: {type(error).__name__}: {str(error)[:500]}")
        return plain
    return fast


def relative_error(found, expected):
    found, expected = found.float(), expected.float()
    return ((found - expected).norm() / expected.norm()).item()


def require_near(found, expected, tolerance):
    error = relative_error(found, expected)
    if not error < tolerance:  # so that NaN is refused as well
        raise ArithmeticError(f"off by {error:.2e} of PyTorch's result, where {tolerance:.0e} is allowed")
