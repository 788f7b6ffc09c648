#!/usr/bin/env python3
"""brian2_dense.py: the dense networks of bench/networks by Brian2, as a peer to measure beside snnc.

    brian2_dense.py static|stdp N SECONDS

Prints one line of JSON: run_s (the simulation loop alone), rate (Hz, of the LIF neurons), weight (mean at the end,
mV; B2). Needs Brian2: Debian's python3-brian, or PyPI's brian2. Cython if there is a compiler, else NumPy.
"""
import argparse
import json
import time

import numpy as np
from brian2 import (Hz, Network, NeuronGroup, PoissonGroup, PopulationRateMonitor, SpikeMonitor, Synapses, defaultclock, ms,
                    mV, prefs, second, seed)


def build(kind, n):
    source = PoissonGroup(n, rates=60 * (np.arange(n) + 0.5) / n * Hz)
    target = NeuronGroup(n, "dv/dt = (-65*mV - v) / (100*ms) : volt (unless refractory)", threshold="v > -52*mV",
                         reset="v = -65*mV", refractory=5 * ms, method="exact")
    target.v = "-65*mV + 13*mV*rand()"
    if kind == "static":
        synapses = Synapses(source, target, "w : volt", on_pre="v_post += w*int(not_refractory)")
    else:
        synapses = Synapses(source, target, """w : volt
            dx/dt = -x / (20*ms) : 1 (event-driven)
            dy/dt = -y / (20*ms) : 1 (event-driven)""",
                            on_pre="""v_post += w*int(not_refractory)
                            x += 1
                            w = clip(w - 1.05*0.01*top*y, 0*mV, top)""",
                            on_post="""y += 1
                            w = clip(w + 0.01*top*x, 0*mV, top)""", namespace={"top": 24 / n * mV})
    synapses.connect()
    synapses.w = f"{24 / n}*mV*rand()"
    return source, target, synapses


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=("static", "stdp"))
    parser.add_argument("n", type=int)
    parser.add_argument("seconds", type=float)
    options = parser.parse_args()
    seed(1)
    defaultclock.dt = 1 * ms
    source, target, synapses = build(options.kind, options.n)
    spikes = SpikeMonitor(target, record=False)
    network = Network(source, target, synapses, spikes)
    network.run(1 * ms)                              # compiles
    start = time.perf_counter()
    network.run(options.seconds * second)
    run_s = time.perf_counter() - start
    print(json.dumps({"run_s": run_s, "rate": spikes.num_spikes / options.n / options.seconds,
                      "weight": float(np.mean(synapses.w / mV))}))


if __name__ == "__main__":
    main()
