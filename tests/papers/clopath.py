#!/usr/bin/env python3
"""clopath.py: examples/clopath.snn beside the model worked out here and the experiments (Clopath et al. 2010, figure 2b).

    tests/papers/clopath.py [--snnc PATH]

The experiments are those of Sjöström, Turrigiano & Nelson 2001; weights begin at 0.5, and changes are parts of it. The error is
the mean square of (experiment - model) / standard error.
"""
import sys
from math import exp

import example
from triplet import PAIRING

BEGIN, BURSTS, PAIRS = 0.5, 15, 5


def burst(period, pre_at, post_at):
    """The change by one burst of pairs: the equations of the paper in steps of 1 ms, for one synapse."""
    low, high, x, change = [0.0] * 3, [0.0] * 3, 0.0, 0.0
    u, w, z, threshold, peak = -70.6, 0.0, 0.0, -50.4, 0
    for t in range(period * PAIRS + 500):
        count, phase = divmod(t, period)
        pulse = 1e6 if count < PAIRS and phase == post_at else 0
        pre = count < PAIRS and phase == pre_at
        if peak == 2:
            u, w, z, threshold, peak = -70.6 + 21.0984, w + 0.805, 400, -30.4, 0
        rates = ((30 * (-70.6 - u) + 30 * 2 * exp((u - threshold) / 2) - w + z + pulse) / 281,
                 (4 * (u + 70.6) - w) / 144, -z / 40, (-50.4 - threshold) / 50)
        if peak == 1:
            u, peak = 32.862, 2
        else:
            u, w = u + rates[0], w + rates[1]
        z, threshold = z + rates[2], threshold + rates[3]
        if u > 20 and peak == 0:
            u, peak = 29.4, 1
        change += 8e-5 * x * max(0, u + 45.3) * max(0, high[2]) - 14e-5 * pre * max(0, low[2])
        x = x * exp(-1 / 15) + pre / 15
        low = [low[0] + (1 - exp(-1 / 10)) * (u + 70.6 - low[0]), low[0], low[1]]
        high = [high[0] + (1 - exp(-1 / 7)) * (u + 70.6 - high[0]), high[0], high[1]]
    return change


def main():
    given = example.options(__doc__)
    with example.run(given, "clopath", settings=[f"bursts={BURSTS}"]) as folder:
        changes = [w / BEGIN - 1 for w in example.numbers(folder, "weights")]
    print(f"{'':22}{'snnc':>9}{'here':>9}{'experiment':>14}")
    differs = error = 0
    for k, (rate, *seen) in enumerate(PAIRING):
        for side, (mean, spread) in enumerate(seen):
            change = changes[k + 5 * side]
            here = BURSTS * burst(round(1000 / rate), 10 * side, 10 - 10 * side) / BEGIN
            print(f"{'+-'[side]}10 ms at {rate:<4} Hz {change:14.4f}{here:9.4f}{mean:8.2f} ±{spread:5.2f}")
            differs = max(differs, abs(change - here))
            error += ((change - mean) / spread) ** 2 / 10
    plus, minus = changes[:5], changes[5:]
    claims = example.Claims()
    claims.check(differs < 1e-3, f"snnc and the equations worked out here differ by {differs:.1e}, less than 1e-3")
    claims.check(plus == sorted(plus) and plus[0] < 0.01 < 0.4 < plus[3],
                 "pre before post strengthens the more, the higher the frequency, and not at all at 0.1 Hz")
    claims.check(max(minus[:3]) < -0.3 and minus[4] > 0.4, "post before pre weakens up to 20 Hz and strengthens at 50 Hz")
    claims.check(error < 1.1, f"error {error:.2f}: about one standard error of the experiments, less than 1.1")
    return claims.end()


if __name__ == "__main__":
    sys.exit(main())
