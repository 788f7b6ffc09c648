#!/usr/bin/env python3
"""triplet.py: examples/triplet.snn beside the closed form and the experiments (Pfister & Gerstner 2006).

    tests/papers/triplet.py [--snnc PATH]

The closed form is worked out here from the spike times, by exponentials between them and without steps. The experiments
are those of the paper's tables 1 and 2: Sjöström, Turrigiano & Nelson 2001 and Wang, Gerkin, Nauen & Bi 2005. The error is
the paper's: the mean square of (experiment - model) / standard error.
"""
import sys
from math import exp

import example

REPEATS = 60
# rate [Hz], change and standard error at +10 ms, at -10 ms
PAIRING = [(0.1, (-0.04, 0.05), (-0.29, 0.08)), (10, (0.14, 0.1), (-0.41, 0.11)), (20, (0.29, 0.14), (-0.34, 0.1)),
           (40, (0.53, 0.11), (0.56, 0.32)), (50, (0.56, 0.26), (0.75, 0.19))]
CORTEX = {"a2_plus": 0, "a3_plus": 6.5e-3, "a2_minus": 7.1e-3, "a3_minus": 0, "tau_y": 114}
# times of pre spikes, of post spikes [ms], change and standard error
TRIPLETS = [((0, 10), (5,), (-0.01, 0.04)), ((0, 20), (10,), (0.03, 0.04)), ((0, 20), (15,), (0.01, 0.03)),
            ((0, 20), (5,), (0.24, 0.06)), ((5,), (0, 10), (0.33, 0.04)), ((10,), (0, 20), (0.34, 0.04)),
            ((5,), (0, 20), (0.22, 0.08)), ((15,), (0, 20), (0.29, 0.05))]
HIPPOCAMPUS = {"a2_plus": 5.3e-3, "a3_plus": 8e-3, "a2_minus": 3.5e-3, "a3_minus": 0, "tau_y": 40}


def change(pre, post, a2_plus, a3_plus, a2_minus, a3_minus, tau_y, tau_plus=16.8, tau_x=101, tau_minus=33.7):
    """The rule on spike times, all pairs and triplets in one sum each."""
    def memory(spikes, now, tau):
        return sum(exp(-(now - t) / tau) for t in spikes if t < now)
    up = sum(memory(pre, t, tau_plus) * (a2_plus + a3_plus * memory(post, t, tau_y)) for t in post)
    return up - sum(memory(post, t, tau_minus) * (a2_minus + a3_minus * memory(pre, t, tau_x)) for t in pre)


def repeated(times, period):
    return [t + k * period for k in range(REPEATS) for t in times]


def table(rows):
    """Rows of (name, model, closed form, (experiment, standard error)): prints them; largest difference, error."""
    print(f"{'':22}{'model':>9}{'closed':>9}{'experiment':>14}")
    for name, model, closed, (seen, spread) in rows:
        print(f"{name:22}{model:9.4f}{closed:9.4f}{seen:8.2f} ±{spread:5.2f}")
    differs = max(abs(model - closed) for _, model, closed, _ in rows)
    return differs, sum(((model - seen) / spread) ** 2 for _, model, _, (seen, spread) in rows) / len(rows)


def main():
    given = example.options(__doc__)
    with example.run(given, "triplet", settings=[f"repeats={REPEATS}"]) as folder:
        pairing = [w - 1 for w in example.numbers(folder, "pairing")]
        triplets = [w - 1 for w in example.numbers(folder, "triplets")]
    rows = []
    for k, (rate, plus, minus) in enumerate(PAIRING):
        early, late = repeated([0], 1000 / rate), repeated([10], 1000 / rate)
        rows.append((f"+10 ms at {rate} Hz", pairing[k], change(early, late, **CORTEX), plus))
        rows.append((f"-10 ms at {rate} Hz", pairing[k + 5], change(late, early, **CORTEX), minus))
    differs, error = table(rows)
    claims = example.Claims()
    claims.check(differs < 2e-5, f"pairing: model and closed form differ by {differs:.1e}, less than 2e-5")
    claims.check(error < 0.4, f"pairing: error {error:.3f}, below 0.4; 1 would be one standard error throughout")
    plus = pairing[:5]
    claims.check(plus == sorted(plus) and plus[0] < 0.01 < 0.5 < plus[3],
                 "pre before post strengthens the more, the higher the frequency, and not at all at 0.1 Hz")
    claims.check(max(pairing[5:8]) < -0.3 and min(pairing[8:]) > 0.15,
                 "post before pre weakens up to 20 Hz and strengthens at 40 and 50 Hz")
    rows = []
    for model, (pre, post, seen) in zip(triplets, TRIPLETS):
        name = "-".join(["pre", "post", "pre"] if len(pre) == 2 else ["post", "pre", "post"])
        gaps = sorted(pre + post)
        name += f" {gaps[1] - gaps[0]}, {gaps[2] - gaps[1]} ms"
        rows.append((name, model, change(repeated(pre, 1000), repeated(post, 1000), **HIPPOCAMPUS), seen))
    differs, error = table(rows)
    claims.check(differs < 2e-5, f"triplets: model and closed form differ by {differs:.1e}, less than 2e-5")
    claims.check(min(triplets[4:]) > max(0, *triplets[:3]),
                 f"post-pre-post strengthens more than any pre-post-pre of short gaps; error {error:.2f}")
    return claims.end()


if __name__ == "__main__":
    sys.exit(main())
