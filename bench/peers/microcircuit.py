"""microcircuit.py: the tables of Potjans & Diesmann 2014, for the simulators that run the network beside snnc."""
import math

NAMES = "L23E L23I L4E L4I L5E L5I L6E L6I".split()
NEURONS = 20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948
SOURCES = 1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100      # of input, for each neuron
RATES = 0.971, 2.868, 4.746, 5.396, 8.142, 9.078, 0.991, 7.523  # Hz, of the full size: what a smaller one lacks
P = [                                                          # of a synapse: rows of targets, columns of sources
    [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0, 0.0076, 0],
    [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0, 0.0042, 0],
    [0.0077, 0.0059, 0.0497, 0.135, 0.0067, 0.0003, 0.0453, 0],
    [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0, 0.1057, 0],
    [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0],
    [0.0548, 0.0269, 0.0257, 0.0022, 0.06, 0.3158, 0.0086, 0],
    [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
    [0.0364, 0.001, 0.0034, 0.0005, 0.0277, 0.008, 0.0658, 0.1443],
]
WEIGHT = 87.8                                                  # pA


def is_excitatory(source):
    return NAMES[source].endswith("E")


def sizes(scale):
    return [math.floor(n * scale + 0.5) for n in NEURONS]


def synapses(target, source):
    """Synapses of a pair of populations, at full size."""
    p = P[target][source]
    return math.log1p(-p) / math.log1p(-1 / (NEURONS[target] * NEURONS[source])) if p else 0


def weight(target, source):
    """pA, at full size."""
    w = WEIGHT if is_excitatory(source) else -4 * WEIGHT
    return 2 * w if (NAMES[target], NAMES[source]) == ("L23E", "L4E") else w


def delay(source):
    """Mean and standard deviation, ms."""
    return (1.5, 0.75) if is_excitatory(source) else (0.75, 0.375)


def current(target, scale):
    """pA: the mean input that a smaller network lacks."""
    lacking = sum(weight(target, s) * synapses(target, s) / NEURONS[target] * RATES[s] for s in range(8))
    return 0.0005 * (1 - math.sqrt(scale)) * (WEIGHT * SOURCES[target] * 8 + lacking)
