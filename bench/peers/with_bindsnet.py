#!/usr/bin/env python3
"""with_bindsnet.py: bench/digits.snn by BindsNET, as a peer to measure beside snnc; see adapter.py.

Needs PyTorch (Debian's python3-torch) and PyPI's bindsnet. A simulated second is four images of 250 ms, encoded, shown and forgotten;
spikes are recorded behind what is timed.
"""
import gzip
import time
from pathlib import Path

import numpy as np
import torch
from bindsnet.encoding import PoissonEncoder
from bindsnet.models import DiehlAndCook2015
from bindsnet.network.monitors import Monitor

import adapter

STEPS, WARM = 250, 1                                 # of 1 ms; images that are not timed


def read_images(folder, count):
    with gzip.open(Path(folder) / "t10k-images-idx3-ubyte.gz") as file:
        file.read(16)
        return np.frombuffer(file.read(784 * count), np.uint8).reshape(-1, 1, 28, 28)


def digits(settings):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    n = int(settings.get("n", 100))
    net = DiehlAndCook2015(n_inpt=784, n_neurons=n, exc=22.5, inh=120.0, dt=1.0, norm=78.4, theta_plus=0.05, inpt_shape=(1, 28, 28))
    encode = PoissonEncoder(time=STEPS, dt=1.0)

    def show(image):
        spikes = encode(torch.from_numpy(image.astype(np.float32) / 255 * 128))
        net.run(inputs={"X": spikes}, time=STEPS)
        net.reset_state_variables()

    def run(seconds):
        """Shows images: seconds that they took, spikes per neuron in as many more."""
        count = max(1, round(1000 * seconds / STEPS))
        images = read_images(settings["data"], WARM + 2 * count)
        for image in images[:WARM]:
            show(image)
        start = time.process_time()
        for image in images[WARM:WARM + count]:
            show(image)
        took = time.process_time() - start
        net.add_monitor(Monitor(net.layers["Ae"], ["s"], time=STEPS), "spikes")
        spikes = 0
        for image in images[WARM + count:]:
            net.run(inputs={"X": encode(torch.from_numpy(image.astype(np.float32) / 255 * 128))}, time=STEPS)
            spikes += int(net.monitors["spikes"].get("s").sum())
            net.reset_state_variables()
        return took, spikes / n
    return run


if __name__ == "__main__":
    adapter.main({"digits": digits})
