"""beside.py: other simulators that run the networks of examples/benchmarks beside snnc, where they are installed; peers/adapter.py tells how
they are called. Those that are not here are known by their figures elsewhere (two cores of a Zen 4, other work beside; minima of
several runs), scaled by how the two machines compare for Brian2, if that is here.
"""
import json
import shlex
import shutil
import statistics
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

HERE = Path(__file__).resolve().parent
OURS = {"BindsNET": ("bindsnet", "with_bindsnet.py"), "Brian2": ("brian2", "with_brian2.py"), "NEST": ("nest", "with_nest.py")}

# seconds per simulated second; where: here, scaled, elsewhere
Peer = namedtuple("Peer", "name seconds where rate", defaults=(None,))


def find(options):
    """Peer -> command: --bindsnet, --brian2 and --nest name a Python that has it, else this one is asked; --peer names any program."""
    found = {}
    for name, (module, script) in OURS.items():
        named = getattr(options, name.lower())
        python = named or sys.executable
        if shutil.which(python) and subprocess.run([python, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0:
            found[name] = [python, str(HERE / "peers" / script)]
        elif named:
            sys.exit(f"bench: --{name.lower()} {named}: no Python that can import {module}")
    for text in options.peer:
        name, equals, command = text.partition("=")
        if not equals:
            sys.exit(f"bench: --peer {text}: write --peer '{name}=COMMAND', where COMMAND runs a network by {name} where that is installed, "
                     "as bench/peers/adapter.py says; with_brian2.py beside it is one to begin from")
        found[name] = shlex.split(command)
    return found


UNKNOWN = set()                                      # command, network: an adapter is asked once what it does not know


def run(command, network, seconds, settings):
    """Seconds per simulated second and rate; None: the adapter does not know the network."""
    if (tuple(command), network) in UNKNOWN:
        return None
    words = [network, str(seconds), *(f"{key}={value}" for key, value in settings.items())]
    done = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
    if done.returncode == 3:
        UNKNOWN.add((tuple(command), network))
        return None
    if done.returncode:
        sys.exit(f"bench: {' '.join([*command, *words])}\n{done.stderr}")
    told = json.loads(done.stdout.splitlines()[-1])
    return told["run_s"], told["rate"]


def compare(known, measured):
    """What each peer takes. known: name -> seconds elsewhere; measured: name -> [(seconds, rate), …] here."""
    medians = {name: statistics.median(s for s, _ in runs) for name, runs in measured.items() if runs}
    scale = medians["Brian2"] / known["Brian2"] if "Brian2" in medians and "Brian2" in known else None
    peers = [Peer(name, s, "here", statistics.median(rate for _, rate in measured[name])) for name, s in medians.items()]
    peers += [Peer(name, s * (scale or 1), "scaled" if scale else "elsewhere") for name, s in known.items() if name not in medians]
    return sorted(peers, key=lambda peer: peer.seconds)
