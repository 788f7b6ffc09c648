#!/usr/bin/env python3
"""items.py: a batch of B is B runs with the same draws: one for each item, wherever state is per item.

    tests/networks/items.py [--snnc PATH] [--count N] [--seed S] [--engine eval|jit] [--cover] [-j N]

Random networks (draw.py) without anything that items share: no adaptation that is shared over the batch while learning, no sums
over all items, no change of weights. Half of them are frozen; the others learn by rules of three factors while the third is 0, so
that eligibilities move and weights do not. What their neurons draw comes from files, of which the run of an item gets its part.
Every spike, state, trace and eligibility of an item must have the same bits in both.
"""
import argparse
import collections
import os
import random
import re
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from math import prod
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "tools")]

import library as library_of                         # noqa: E402
import npy                                           # noqa: E402
import tool                                          # noqa: E402
from program import draw_network, settings_of, text_of   # noqa: E402
from run import ROOT, Tools, Wrong                   # noqa: E402

TRIES = 40
# Models without state of an item, or whose state follows all items together.
SHARED = {"NoOp": "does nothing", "Rewiring": "its one value is the mask", "adaptation": "looks whether all items are silent",
          "mean_field": "means over all items"}
MORE = 3000                                          # numbers that --cover looks through for models that are missing yet


class Counts(collections.Counter):
    """What was drawn anew, and which models of the library were in a network that was compared."""
    def __init__(self):
        super().__init__()
        self.used = set()


def sites(tools, folder):
    """(layer, site, kind) of all draws of neurons."""
    done = tools.call([tools.snnc, "emit", "net.snn", "--net"], folder, "emit")
    if done.returncode:
        raise Wrong(f"eval: exit status {done.returncode}\n{done.stdout}")
    return sorted(set(re.findall(r"(\w+)\[(\w+)/(\w+)\]", done.stdout)))


def feed(net, found, settings, rng):
    """Lines that feed the draws of neurons, and their files, whose second axis is the batch."""
    lines, files, sizes = [], {}, {layer["name"]: layer["n"] for layer in net.layers}
    steps, batch = settings["steps"], settings["batch"]
    for kind, layer, site in found:
        if layer not in sizes:
            continue
        shape = (steps, batch) if kind == "random" and site == "keep" else (steps, batch, sizes[layer])
        values = [rng.choice([0, 0, 1, 1, 2, 5]) if kind == "poisson" else rng.random() for _ in range(prod(shape))]
        files[f"{layer}_{site}.draws.npy"] = npy.make(shape, "f4", values)
        lines.append(f'draws {layer}.{site} from "{layer}_{site}.draws.npy"')
    return lines, files


def part(array, item):
    """The rows of one item of [steps, batch, …]."""
    steps, batch = array.shape[:2]
    one = prod(array.shape[2:])
    data = (x for t in range(steps) for x in array.data[(t * batch + item) * one:(t * batch + item + 1) * one])
    return npy.make((steps, 1, *array.shape[2:]), array.dtype, data)


def write(folder, net, settings, draws, files, item=None):
    """The program of the whole batch, or of one item."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    one = settings if item is None else {**settings, "batch": 1}
    text = text_of([net], one).replace("experiment {", "\n".join([*draws, "experiment {"]) + ("\n    freeze" if settings["frozen"] else ""), 1)
    (folder / "net.snn").write_text(text, encoding="utf-8")
    for name, array in {**net.files, **files}.items():
        whole = item is None or not name.endswith(("_drive.npy", ".draws.npy"))
        npy.save(folder / name, array if whole else part(array, item))


def differs(whole, single, item):
    """None, or how the item's part of an array differs from that of its own run."""
    if isinstance(whole, npy.Events):
        t, b, i = (whole.fields.index(name) for name in ("t", "b", "i"))
        mine = [(row[t], row[i]) for row in whole.rows if row[b] == item]
        own = [(row[t], row[i]) for row in single.rows]
        return None if mine == own else f"{len(mine)} and {len(own)} spikes"
    if len(whole.shape) == len(single.shape) + 1:    # a state of a rule in a batch of one
        single = single._replace(shape=(single.shape[0], 1, *single.shape[1:]))
    axes = [k for k, (a, b) in enumerate(zip(whole.shape, single.shape)) if a != b]
    if len(whole.shape) != len(single.shape) or len(axes) > 1 or (axes and single.shape[axes[0]] != 1):
        return f"shapes {list(whole.shape)} and {list(single.shape)}"
    data = whole.data
    if axes:
        before, extent, behind = prod(whole.shape[:axes[0]]), whole.shape[axes[0]], prod(whole.shape[axes[0] + 1:])
        data = type(data)(data.typecode, b"".join(data[(k * extent + item) * behind:(k * extent + item + 1) * behind].tobytes() for k in range(before)))
    if data.tobytes() == single.data.tobytes():
        return None
    at = next(k for k in range(len(data)) if data[k] != single.data[k] or data[k] != data[k])
    return f"value {at} of {len(data)}: {data[at]!r} and {single.data[at]!r}"


def check(options, tools, library, number, top, counts, wanted=None):
    """None, or what is wrong. wanted: only a network with one of these models is compared."""
    folder = top / str(number)
    try:
        for attempt in range(TRIES):
            settings = settings_of(options.seed, number, True)
            settings["frozen"] = number % 2 == 0
            if settings["frozen"]:
                settings["actions"] = [[a for a in actions if a == "reset"] for actions in settings["actions"]]
            net = draw_network(library, options.seed, number, 0, attempt, settings, "frozen" if settings["frozen"] else "learning")
            if wanted is not None and not net.used & wanted:
                return None
            write(folder / "all", net, settings, [], {})
            try:
                found = sites(tools, folder / "all")
                draws, files = feed(net, found, settings, random.Random(f"{options.seed} {number} draws"))
                write(folder / "all", net, settings, draws, files)
                tools.run(options.engine, folder / "all", [], "")
            except Wrong as wrong:
                if "exit status 1\n" in str(wrong) and "error[E" in str(wrong):
                    counts["refused"] += 1
                    continue
                return str(wrong)
            silent = [name for name in (layer["name"] for layer in net.layers)
                      if not (r := npy.load(folder / "all" / options.engine / f"{name}.spikes.npy")) or not (r.rows if isinstance(r, npy.Events) else any(r.data))]
            if silent:
                counts["a silent layer"] += 1
                continue
            counts.used |= net.used
            return compare(options, tools, folder, net, settings, draws, files)
        return f"nothing that runs in {TRIES} attempts"
    except Wrong as wrong:
        return str(wrong)
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)


def compare(options, tools, folder, net, settings, draws, files):
    whole = sorted((folder / "all" / options.engine).glob("*.npy"))
    for item in range(settings["batch"]):
        write(folder / f"item{item}", net, settings, draws, files, item)
        tools.run(options.engine, folder / f"item{item}", [], "")
        for path in whole:
            why = differs(npy.load(path), npy.load(folder / f"item{item}" / options.engine / path.name), item)
            if why:
                return f"item {item} of {settings['batch']}: {path.name}: {why}"
    return None


def missed(library, counts):
    """Models with states of items that no compared network had."""
    return {name for kind in library.values() for name in kind} - counts.used - set(SHARED)


def main():
    parser = argparse.ArgumentParser(description="A batch of B is B runs with the same draws.")
    tool.add_snnc_option(parser)
    parser.add_argument("--count", type=int, default=60, metavar="N", help="networks (default: %(default)s)")
    parser.add_argument("--seed", default="1", metavar="S", help="default: %(default)s")
    parser.add_argument("--engine", default="eval", help="default: %(default)s")
    parser.add_argument("--only", type=int, metavar="K", help="only this network of the seed")
    parser.add_argument("--cover", action="store_true", help="go on until every model of the library was compared; it fails if one was not")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave programs and results in DIR")
    parser.add_argument("-j", type=int, default=os.cpu_count() or 1, metavar="N", help="networks at a time")
    options = parser.parse_args()
    options.all_levels = False
    tool.need_snnc(parser, options)
    tools, library, counts, failed = Tools(options), library_of.read(ROOT / "lib"), Counts(), 0
    numbers = [options.only] if options.only is not None else range(options.count)

    def tell(number, why):
        if why:
            print(f"failed  --seed {options.seed} --only {number}: {why}", flush=True)
        return why is not None

    with tempfile.TemporaryDirectory(prefix="snnc-items-") as temporary:
        top = (options.keep or Path(temporary)).resolve()
        with ThreadPoolExecutor(max(1, options.j)) as pool:
            for number, why in zip(numbers, pool.map(lambda k: check(options, tools, library, k, top, counts), numbers)):
                failed += tell(number, why)
        number = options.count
        while options.cover and missed(library, counts) and number < options.count + MORE:
            failed += tell(number, check(options, tools, library, number, top, counts, missed(library, counts)))
            number += 1
    print(f"{len(numbers)} networks of seed {options.seed}: {failed} fail; drawn anew: " + ", ".join(f"{n} {what}" for what, n in sorted(counts.items())))
    never = sorted(missed(library, counts))
    print(f"never compared: {', '.join(never) or 'none'}")
    return 1 if failed or (options.cover and never) else 0


if __name__ == "__main__":
    sys.exit(main())
