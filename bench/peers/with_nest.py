#!/usr/bin/env python3
"""with_nest.py: the networks of examples/benchmarks by NEST, as a peer to measure beside snnc; see adapter.py.

Needs NEST 3 (PyPI's nest-simulator). Rates of networks that learn differ a little: its delay of 1.5 ms is dendritic.
"""
import os
import time

os.environ["PYNEST_QUIET"] = "1"
import nest                                          # noqa: E402
import numpy as np                                   # noqa: E402

import adapter                                       # noqa: E402
import microcircuit as mc                            # noqa: E402

PAIRS = {"synapse_model": "stdp_synapse", "tau_plus": 20., "lambda": 0.01, "alpha": 1.05, "mu_plus": 0., "mu_minus": 0.}
U = nest.random.uniform


def begin(dt):
    nest.ResetKernel()
    nest.set(resolution=dt, local_num_threads=1, rng_seed=1, print_time=False)


def runner(*populations):
    counts = nest.Create("spike_recorder", params={"record_to": "memory"})
    for population in populations:
        nest.Connect(population, counts)

    def run(seconds):
        nest.Simulate(1.)
        before, start = counts.n_events, time.process_time()
        nest.Simulate(1000 * seconds)
        return time.process_time() - start, (counts.n_events - before) / sum(map(len, populations))
    return run


def dense(settings, learning):
    begin(1.)
    n = int(settings.get("n", 1000))
    cells = nest.Create("iaf_psc_delta", n, {"E_L": -65., "V_reset": -65., "V_th": -52., "tau_m": 100., "t_ref": 5., "tau_minus": 20.})
    cells.V_m = U(-65., -52.)
    rates = nest.Create("poisson_generator", n, {"rate": 60 * (np.arange(n) + 0.5) / n})
    source = nest.Create("parrot_neuron", n)
    nest.Connect(rates, source, "one_to_one", {"delay": 1.})
    more = {**PAIRS, "Wmax": 24. / n} if learning else {}
    nest.Connect(source, cells, "all_to_all", {**more, "weight": U(0., 24. / n), "delay": 1.})
    return runner(cells)


def cuba(_):
    begin(0.1)
    cells = nest.Create("iaf_psc_exp", 4000, {"C_m": 20., "tau_m": 20., "E_L": -49., "V_th": -50., "V_reset": -60., "t_ref": 5.,
                                             "tau_syn_ex": 5., "tau_syn_in": 10.})
    cells.V_m = U(-60., -50.)
    rule = {"rule": "pairwise_bernoulli", "p": 0.02}
    nest.Connect(cells[:3200], cells, rule, {"weight": 1.62, "delay": 0.1})
    nest.Connect(cells[3200:], cells, rule, {"weight": -9., "delay": 0.1})
    return runner(cells)


def coba(_):
    begin(0.1)
    cells = nest.Create("iaf_cond_exp", 4000, {"C_m": 200., "g_L": 10., "E_L": -60., "V_th": -50., "V_reset": -60., "t_ref": 5., "E_ex": 0.,
                                              "E_in": -80., "tau_syn_ex": 5., "tau_syn_in": 10.})
    cells.V_m = nest.random.normal(-65., 5.)
    cells.g_ex, cells.g_in = nest.math.max(nest.random.normal(40., 15.), 0.), nest.math.max(nest.random.normal(200., 120.), 0.)
    rule = {"rule": "pairwise_bernoulli", "p": 0.02}
    nest.Connect(cells[:3200], cells, rule, {"weight": 6., "delay": 0.1})
    nest.Connect(cells[3200:], cells, rule, {"weight": -67., "delay": 0.1})
    return runner(cells)


def brunel_stdp(_):
    begin(0.1)
    cells = nest.Create("iaf_psc_delta", 10000, {"E_L": 0., "V_th": 20., "V_reset": 10., "tau_m": 20., "t_ref": 2., "tau_minus": 20.})
    cells.V_m = U(0., 20.)
    nest.Connect(nest.Create("poisson_generator", params={"rate": 12000.}), cells, "all_to_all", {"weight": 0.1, "delay": 0.1})
    e, i = cells[:8000], cells[8000:]
    of_e, of_i = {"rule": "fixed_indegree", "indegree": 800}, {"rule": "fixed_indegree", "indegree": 200}
    nest.Connect(e, e, of_e, {**PAIRS, "Wmax": 0.2, "weight": 0.1, "delay": 1.5})
    nest.Connect(e, i, of_e, {"weight": 0.1, "delay": 1.5})
    nest.Connect(i, cells, of_i, {"weight": -0.6, "delay": 1.5})
    return runner(cells)


def microcircuit(settings):
    begin(0.1)
    scale = settings.get("scale", 0.1)
    sizes, root, layers = mc.sizes(scale), np.sqrt(scale), []
    for t, n in enumerate(sizes):
        cells = nest.Create("iaf_psc_exp", n, {"C_m": 250., "tau_m": 10., "E_L": -65., "V_th": -50., "V_reset": -65., "t_ref": 2.,
                                               "tau_syn_ex": 0.5, "tau_syn_in": 0.5, "I_e": mc.current(t, scale)})
        cells.V_m = nest.random.normal(-58., 10.)
        rate = nest.Create("poisson_generator", params={"rate": 8. * mc.SOURCES[t] * scale})
        nest.Connect(rate, cells, "all_to_all", {"weight": mc.WEIGHT / root, "delay": 0.1})
        layers.append(cells)
    for t in range(8):
        for s in range(8):
            n, w, (d, spread) = round(mc.synapses(t, s) * scale ** 2), mc.weight(t, s) / root, mc.delay(s)
            weight = nest.random.normal(w, 0.1 * abs(w))
            bounds = {"min": 0., "max": 4 * w} if w > 0 else {"min": 4 * w, "max": 0.}
            if n:
                nest.Connect(layers[s], layers[t], {"rule": "fixed_total_number", "N": n},
                             {"weight": nest.math.redraw(weight, **bounds),
                              "delay": nest.math.max(nest.random.normal(d, spread), 0.1)})
    return runner(*layers)


if __name__ == "__main__":
    nest.set_verbosity("M_ERROR")
    adapter.main({"dense_static": lambda s: dense(s, False), "dense_stdp": lambda s: dense(s, True), "cuba": cuba, "coba": coba,
                  "brunel_stdp": brunel_stdp, "microcircuit": microcircuit})
