"""adapter.py: what bench/run and the programs that run a network by another simulator say to each other.

    ADAPTER NETWORK SECONDS [KEY=VALUE ...]

NETWORK is a name of examples/benchmarks: dense_static, dense_stdp (n=1000), cuba, coba, brunel_stdp, microcircuit (scale=0.1); or digits
(n=100 data=FOLDER), the network of bench/digits.snn, of which a second is four images.
The last line of the output is JSON: run_s (seconds of the simulation loop alone, per simulated second, one thread), rate (Hz, mean over
the neurons that are no sources). An adapter that does not know a network ends with status 3.
"""
import json
import sys


def value_of(text):
    try:
        return float(text)
    except ValueError:
        return text


def main(networks):
    """networks: NETWORK -> function(settings) that builds the network and gives back run(seconds) -> (seconds, spikes per neuron)."""
    name, seconds, settings = sys.argv[1], float(sys.argv[2]), dict(word.split("=") for word in sys.argv[3:])
    if name not in networks:
        sys.exit(3)
    run_s, spikes = networks[name]({key: value_of(value) for key, value in settings.items()})(seconds)
    print(json.dumps({"run_s": run_s / seconds, "rate": spikes / seconds}))
