"""The table that the conformance tests print at the end."""

_worst = {}


def record(case, what, error, limit):
    """Keeps the largest error in units of its limit; returns whether it holds
    (NaN does not)."""
    key = (case, what)
    if not error <= _worst.get(key, (-1, 1))[0]:
        _worst[key] = (error, limit)
    return error <= limit


def worst(case, what):
    """The largest error recorded; None if there is none."""
    return _worst.get((case, what), (None,))[0]


def table():
    columns = list(dict.fromkeys(what for _, what in _worst))
    cases = list(dict.fromkeys(case for case, _ in _worst))
    if not cases:
        return ""
    rows = [["largest error"] + columns]
    for case in cases:
        row = [case]
        for what in columns:
            error, limit = _worst.get((case, what), (None, None))
            row.append("" if error is None else f"{error:.1e}"
                       + ("" if error <= limit else " FAIL"))
        rows.append(row)
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width
                               in zip(row, widths)).rstrip() for row in rows)
