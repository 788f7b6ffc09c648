"""growth.py: how time grows: with neurons, synapses of each, their rate, items of a batch; with n of dense networks. By least squares on
logarithms: time = a * x ** exponent; 1 is proportional.
"""
import math
import statistics

import measure

SERIES = [                                           # what grows, where, what stays, and the values
    ("neurons", "growth", "n", {"degree": 100}, (1000, 2000, 4000, 8000, 16000)),
    ("synapses", "growth", "degree", {"n": 8000, "hz": 50}, (50, 100, 200, 400, 800)),
    ("rate", "growth", "hz", {"n": 8000, "degree": 400}, (5, 10, 20, 40, 80)),
    ("batch", "growth", "items", {"n": 1000, "degree": 100}, (1, 2, 4, 8, 16)),
    ("dense, static: n", "dense_static", "n", {}, (500, 1000, 2000, 4000)),
    ("dense, learning: n", "dense_stdp", "n", {}, (500, 1000, 2000, 4000)),
]


def program_of(name):
    ours = measure.HERE / "networks" / f"{name}.snn"
    return ours if ours.exists() else measure.ROOT / "examples" / "benchmarks" / f"{name}.snn"


def exponent(points):
    """Slope and scatter (standard deviation of log time about the line)."""
    x, y = [math.log(a) for a, _ in points], [math.log(b) for _, b in points]
    mx, my = statistics.mean(x), statistics.mean(y)
    slope = sum((a - mx) * (b - my) for a, b in zip(x, y)) / sum((a - mx) ** 2 for a in x)
    return slope, statistics.pstdev(b - my - slope * (a - mx) for a, b in zip(x, y))


def measure_all(bench, say, series=SERIES):
    rows = []
    for title, program, name, settings, values in series:
        points = []
        for value in values:
            short, long = 0.02, 0.02 + bench.options.seconds / 2
            found, _ = measure.per_second(bench, program_of(program), {**settings, name: value}, short, long)
            points.append((value, max(min(found), 1e-6)))
        slope, scatter = exponent(points)
        rows.append({"name": f"growth with {title}", "unit": "exponent", "value": slope, "scatter": scatter, "ratio": None, "target": None,
                     "points": points})
        say(f"  {title:22} {slope:5.2f}  ({scatter:.2f})   " + ", ".join(f"{a}: {b:.5f}" for a, b in points))
    return rows
