#!/usr/bin/env python3
"""methods.py: which equations are integrated by which method, if the model does not say.

    tests/equations/methods.py [--snnc PATH]
"""
import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "tools"))

import tool                                          # noqa: E402

# Equations of a neuron with parameters tau, E, C, sigma and an input; argument of its layer; the method.
TABLE = [
    ("v' = -v / tau", "", "exact"),
    ("v' = (E - v) / tau", "", "exact"),
    ("v' = (E - v + input) / tau", "", "exact"),
    ("v' = (E - v) / tau", "tau = [3 ms, 4 ms]", "exact"),
    ("v' = E / tau", "", "exact"),
    ("v' = (E - v + g) / tau\ng' = -g / (2 ms)", "", "exact"),
    ("v' = (E - v + g) / tau\ng' = h / tau - g / tau\nh' = -h / tau", "", "exact"),
    ("x' = y / tau\ny' = -x / tau", "", "exact"),
    ("let both = x + y\nx' = -both / tau\ny' = (x - both) / tau", "", "exact"),
    ("v' = -(2 * v - 3 * (v + E)) / 2 / tau", "", "exact"),
    ("v' = -v * exp(E / 2) / tau", "", "exact"),
    ("v' = -v / tau + sigma * xi / sqrt(tau)", "", "exact"),
    ("v' = -v / tau + sin(input)", "", "exact"),
    ("v' = -v / tau", "tau = uniform(2 ms, 3 ms)", "exact"),
    ("v' = (E - v + g) / tau\ng' = h / tau - g / tau\nh' = -h / tau", "tau = normal(5 ms, 1 ms)", "exact"),
    ("v' = (E - v * sqrt(C) + w) / tau\nw' = (v / max(C, 1) - w + input) / tau", "C = uniform(1, 2), E = [1, 2]", "exact"),
    ("v' = (E - v + w if C > 1 else w) / tau\nw' = (v - w) / tau", "C = uniform(1, 2)", "exponential_euler"),
    ("v' = (E - v + w) / tau\nw' = (v - w) / tau + sigma * xi / sqrt(tau)", "tau = uniform(2 ms, 3 ms)", "exponential_euler"),
    ("v' = -v * input / tau", "", "exponential_euler"),
    ("v' = (E - v) / tau if input > 0 else -v / tau", "", "exponential_euler"),
    ("v' = (E - v) / tau + g * (E - v) / tau\ng' = -g / tau", "", "exponential_euler"),
    ("v' = (m * m * m * (E - v) - v) / tau\nm' = (exp(v) * (1 - m) - m) / tau", "", "exponential_euler"),
    ("v' = (E - v * w) / tau + sigma * xi / sqrt(tau)\nw' = -w / tau", "", "exponential_euler"),
    ("v' = v * v / tau", "", "rk4"),
    ("v' = pow(v, 2) / tau", "", "rk4"),
    ("v' = E / v / tau", "", "rk4"),
    ("v' = (E - v + exp(v)) / tau\nw' = (v - w) / tau", "", "rk4"),
    ("v' = max(v, E) / tau", "", "rk4"),
    ("v' = (E if v > 1 else -v) / tau", "", "rk4"),
    ("v' = -v / tau + sigma * v * xi / sqrt(tau)", "", "heun"),
    ("v' = v * v / tau + sigma * xi / sqrt(tau)", "", "heun"),
]


def method(snnc, equations, arguments):
    text = (f"neuron N(tau = 5 ms, E = 3, C = 2, sigma = 1) {{\n{equations}\nreceive {{ let z = input }}\n}}\n"
            f"layer a : N[2]({arguments})\n")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "p.snn").write_text(text)
        done = subprocess.run([snnc, "emit", "--net", "p.snn"], cwd=folder, capture_output=True, text=True)
        found = re.search(r"# .*?: (\w+), ", done.stdout)
        return found.group(1) if found else done.stderr


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    tool.add_snnc_option(parser)
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    wrong = 0
    for equations, arguments, want in TABLE:
        got = method(options.snnc, equations, arguments)
        if got != want:
            wrong += 1
            print(f"FAILED  by {got}, due {want}:\n    " + equations.replace("\n", "\n    "))
    print(f"{len(TABLE) - wrong} of {len(TABLE)} as expected")
    if wrong:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
