#!/usr/bin/env python3
"""with_brian2.py: the networks of examples/benchmarks by Brian2, as a peer to measure beside snnc; see adapter.py.

Needs Brian2, Debian's python3-brian or PyPI's brian2 with NumPy below 2, and a C++ compiler: the network becomes a program of its own
(cpp_standalone), which is Brian2's fastest form. It tells the time of its loop by the clock on the wall.
"""
import tempfile

import numpy as np
from brian2 import (Hz, Network, NeuronGroup, PoissonGroup, SpikeMonitor, Synapses, defaultclock, device, ms, mV, nS, pA, pF,
                    prefs, second, seed, set_device)

import adapter
import microcircuit as mc

PAIRS = dict(model="""w : volt
                      dx/dt = -x / (20*ms) : 1 (event-driven)
                      dy/dt = -y / (20*ms) : 1 (event-driven)""",
             on_pre="""v_post += w*int(not_refractory)
                       x += 1
                       w = clip(w - 1.05*0.01*top*y, 0*mV, top)""",
             on_post="""y += 1
                        w = clip(w + 0.01*top*x, 0*mV, top)""")


def runner(group, *others):
    def run(seconds):
        """Builds and runs the program: seconds of its loop, spikes per neuron."""
        spikes = SpikeMonitor(group, record=False)
        network = Network(group, spikes, *others)
        network.run(1 * ms)
        network.run(seconds * second)
        with tempfile.TemporaryDirectory(prefix="brian2-") as folder:
            device.build(directory=folder, with_output=False)
            return device._last_run_time, spikes.num_spikes / len(group)
    return run


def dense(settings, learning):
    defaultclock.dt = 1 * ms
    n = int(settings.get("n", 1000))
    source = PoissonGroup(n, rates=60 * (np.arange(n) + 0.5) / n * Hz)
    target = NeuronGroup(n, "dv/dt = (-65*mV - v) / (100*ms) : volt (unless refractory)", threshold="v > -52*mV",
                         reset="v = -65*mV", refractory=5 * ms, method="exact")
    target.v = "-65*mV + 13*mV*rand()"
    if learning:
        synapses = Synapses(source, target, namespace={"top": 24 / n * mV}, **PAIRS)
    else:
        synapses = Synapses(source, target, "w : volt", on_pre="v_post += w*int(not_refractory)")
    synapses.connect()
    synapses.w = f"{24 / n}*mV*rand()"
    return runner(target, source, synapses)


def cuba(_):
    cells = NeuronGroup(4000, """dv/dt = (ge + gi - (v + 49*mV)) / (20*ms) : volt (unless refractory)
                                 dge/dt = -ge / (5*ms) : volt
                                 dgi/dt = -gi / (10*ms) : volt""",
                        threshold="v > -50*mV", reset="v = -60*mV", refractory=5 * ms, method="exact")
    cells.v = "-60*mV + 10*mV*rand()"
    e, i = Synapses(cells[:3200], cells, on_pre="ge += 1.62*mV"), Synapses(cells[3200:], cells, on_pre="gi -= 9*mV")
    e.connect(p=0.02)
    i.connect(p=0.02)
    return runner(cells, e, i)


def coba(_):
    cells = NeuronGroup(4000, """dv/dt = (10*nS*(-60*mV - v) + ge*(0*mV - v) + gi*(-80*mV - v)) / (200*pF) : volt (unless refractory)
                                 dge/dt = -ge / (5*ms) : siemens
                                 dgi/dt = -gi / (10*ms) : siemens""",
                        threshold="v > -50*mV", reset="v = -60*mV", refractory=5 * ms, method="exponential_euler")
    cells.v, cells.ge, cells.gi = "-65*mV + 5*mV*randn()", "40*nS + 15*nS*randn()", "200*nS + 120*nS*randn()"
    e, i = Synapses(cells[:3200], cells, on_pre="ge += 6*nS"), Synapses(cells[3200:], cells, on_pre="gi += 67*nS")
    e.connect(p=0.02)
    i.connect(p=0.02)
    return runner(cells, e, i)


def brunel_stdp(_):
    cells = NeuronGroup(10000, "dv/dt = -v / (20*ms) : volt (unless refractory)", threshold="v > 20*mV", reset="v = 10*mV",
                        refractory=2 * ms, method="exact")
    cells.v = "20*mV*rand()"
    cells.run_regularly("v += 0.1*mV*poisson(1.2)*int(not_refractory)")
    e, i, rng = cells[:8000], cells[8000:], np.random.default_rng(1)

    def connect(synapses, sources, targets, each, weight):
        synapses.connect(i=rng.integers(sources, size=targets * each), j=np.repeat(np.arange(targets), each))
        synapses.w = weight
        synapses.pre.delay = 1.5 * ms
        return synapses
    plain = dict(model="w : volt", on_pre="v_post += w*int(not_refractory)")
    return runner(cells, connect(Synapses(e, e, namespace={"top": 0.2 * mV}, **PAIRS), 8000, 8000, 800, 0.1 * mV),
                  connect(Synapses(e, i, **plain), 8000, 2000, 800, 0.1 * mV),
                  connect(Synapses(i, cells, **plain), 2000, 10000, 200, -0.6 * mV))


def microcircuit(settings):
    scale, rng = settings.get("scale", 0.1), np.random.default_rng(1)
    sizes, root = mc.sizes(scale), np.sqrt(scale)
    first = np.concatenate([[0], np.cumsum(sizes)])
    cells = NeuronGroup(first[-1], """dv/dt = -(v + 65*mV) / (10*ms) + (I + Ie) / (250*pF) : volt (unless refractory)
                                      dI/dt = -I / (0.5*ms) : amp
                                      Ie : amp (constant)
                                      mean : 1 (constant)""",
                        threshold="v > -50*mV", reset="v = -65*mV", refractory=2 * ms, method="exact")
    cells.v = "-58*mV + 10*mV*randn()"
    cells.Ie = np.repeat([mc.current(t, scale) for t in range(8)], sizes) * pA
    cells.mean = np.repeat([8 * k * scale * 1e-4 for k in mc.SOURCES], sizes)
    cells.run_regularly(f"I += {mc.WEIGHT / root}*pA*poisson(mean)")
    source, target, weight, delay = [], [], [], []
    for t in range(8):
        for s in range(8):
            n, w, (d, spread) = round(mc.synapses(t, s) * scale ** 2), mc.weight(t, s) / root, mc.delay(s)
            source.append(first[s] + rng.integers(sizes[s], size=n))
            target.append(first[t] + rng.integers(sizes[t], size=n))
            weight.append(np.clip(rng.normal(w, 0.1 * abs(w), n), min(0, 4 * w), max(0, 4 * w)))
            delay.append(np.maximum(rng.normal(d, spread, n), 0.1))
    synapses = Synapses(cells, cells, "w : amp", on_pre="I_post += w")
    synapses.connect(i=np.concatenate(source), j=np.concatenate(target))
    synapses.w, synapses.pre.delay = np.concatenate(weight) * pA, np.concatenate(delay) * ms
    return runner(cells, synapses)


if __name__ == "__main__":
    set_device("cpp_standalone", build_on_run=False)
    prefs.codegen.cpp.extra_compile_args_gcc = ["-w", "-O3", "-ffast-math", "-march=native", "-std=c++11"]
    seed(1)
    defaultclock.dt = 0.1 * ms
    adapter.main({"dense_static": lambda s: dense(s, False), "dense_stdp": lambda s: dense(s, True), "cuba": cuba, "coba": coba,
                  "brunel_stdp": brunel_stdp, "microcircuit": microcircuit})
