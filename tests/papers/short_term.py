#!/usr/bin/env python3
"""short_term.py: examples/short_term.snn beside the closed form (Tsodyks, Pawelzik & Markram 1998).

    tests/papers/short_term.py [--snnc PATH]

In a long regular train of period T the parts in use and the resources come to rest just before a spike at
    u = U / (1 - (1 - U) exp(-T / tau_facil)),    r = (1 - exp(-T / tau_rec)) / (1 - (1 - u) exp(-T / tau_rec)).
"""
import sys
from math import exp

import example

PERIODS = [1000, 500, 200, 100, 50, 25, 20, 10]


def at_rest(period, part, tau_rec, tau_facil):
    facilitated = exp(-period / tau_facil) if tau_facil else 0
    u = part / (1 - (1 - part) * facilitated)
    recovered = exp(-period / tau_rec)
    return u * (1 - recovered) / (1 - (1 - u) * recovered)


def main():
    given = example.options(__doc__)
    with example.run(given, "short_term") as folder:
        last = {kind: example.numbers(folder, f"{kind}.got")[-len(PERIODS):] for kind in ("depressing", "facilitating")}
    closed = {"depressing": [at_rest(period, 0.5, 800, 0) for period in PERIODS],
              "facilitating": [at_rest(period, 0.03, 130, 530) for period in PERIODS]}
    print("rate [Hz]  depressing (closed form)  facilitating (closed form)")
    for k, period in enumerate(PERIODS):
        print(f"{1000 / period:9g}" + "".join(f"{last[kind][k]:16.5f} {closed[kind][k]:9.5f}" for kind in last))
    claims = example.Claims()
    for kind in last:
        differs = max(abs(a / b - 1) for a, b in zip(last[kind], closed[kind]))
        claims.check(differs < 2e-4, f"{kind}: differs from the closed form by {differs:.1e} of it, less than 2e-4")
    fast = last["depressing"][-1] / last["depressing"][-2]
    claims.check(abs(fast * 2 - 1) < 0.02, f"depressing: from 50 to 100 Hz the effect falls to {fast:.3f}, as 1 / rate")
    best = max(range(len(PERIODS)), key=lambda k: last["facilitating"][k])
    claims.check(0 < best < len(PERIODS) - 1, f"facilitating: the effect is largest at {1000 / PERIODS[best]:g} Hz")
    return claims.end()


if __name__ == "__main__":
    sys.exit(main())
