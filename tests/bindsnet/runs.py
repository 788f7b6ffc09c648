"""runs.py: what runs do and tell, and the draws that come from files, as lines of a program (see case.py)."""
from collections import namedtuple
from decimal import Decimal
from math import exp, prod

import npy
from models import AMPLITUDES, MODELS, RULES
from words import NotYet, extents, flat, is_scalar, number, spread

# A signal that the experiment sets: `axes` are the layer it has a number for each neuron of, and `item`; `values` has for each
# run a number, or a list.
Told = namedtuple("Told", "name axes first values")


class Runs:
    """The part of a Writer that knows runs."""

    # -- what rules are told -----------------------------------------------------------------------------
    def third(self):
        """The connections with rules of three factors."""
        def rules(c):
            return [c.get("rule"), *(f.get("rule") for f in c.get("pipeline", []))]
        return [c for c in self.case.get("connections", []) if any(r and r["name"] in RULES and RULES[r["name"]].third for r in rules(c))]

    def amplitudes(self):
        """Which of a_plus and a_minus some run sets: they are signals then."""
        return {field for field in AMPLITUDES for run in self.case["runs"] if run.get(field) is not None}

    def add_signals(self):
        """Declares what the experiment tells rules. One signal for all, but where numbers belong to connections or layers."""
        self.told, self.signal = [], {}              # (name, source, target) -> name of the signal
        connections = self.third()
        if not connections:
            return
        for name, default in {"reward": 0, **{field: AMPLITUDES[field] for field in sorted(self.amplitudes())}}.items():
            given = [run.get(name) for run in self.case["runs"]]
            by_connection = any(isinstance(x, dict) for x in given)
            for c in connections:
                values = [self.meant_for(c, default if x is None else x, default, name) for x in given]
                axes = {axis for axis, _ in values} - {None}
                layers = sorted(axes - {"item"})
                if len(layers) > 1:
                    raise NotYet(f"`{name}` of sources and of targets")
                own = f"{name}_{c['source']}_{c['target']}" if by_connection else f"{name}_{layers[0]}" if layers else name
                told = Told(own, [*layers, *(["item"] if axes else [])], default, [self.rows(*x, layers, axes) for x in values])
                self.signal[name, c["source"], c["target"]] = self.declare(told)

    def declare(self, told):
        for name, other in self.told:
            if other == told:
                return name
        name = told.name if told.name in ("reward", *AMPLITUDES) else self.identifier(told.name)
        axes = [self.names.get(axis, axis) for axis in told.axes]
        self.lines.append(f"signal {name}{' of ' + ', '.join(axes) if axes else ''} = {number(told.first)}")
        if axes:                                     # read as columns of data, one sample per item
            shape = [len(told.values) * self.case["batch"], *map(self.size, told.axes[:-1])]
            self.files[f"told_{name}.npy"] = npy.make(shape, "f4", [y for x in told.values for y in x])
            self.lines.append(f'data told_{name} = npy("told_{name}.npy")')
        self.told.append((name, told))
        return name

    def signal_of(self, name, c):
        return self.signal[name, c["source"], c["target"]]

    def meant_for(self, c, x, default, name):
        """(axis, numbers) of what a run tells a connection: axis None, `item`, or the layer whose neurons they belong to. An
        array meets weights [B, pre, post] as arrays of NumPy do (6.6)."""
        if isinstance(x, dict):                      # of connections; the others keep the default (2.2)
            ends = [f"{c['source']}{between}{c['target']}" for between in (">", "_", "->")]
            x = next((x[key] for key in ends if key in x), default)
        if is_scalar(x):
            return None, x
        shape, values = (self.array(x).shape, list(self.array(x).data)) if isinstance(x, str) else (extents(x), flat(x))
        if len(values) == 1:
            return None, values[0]
        batch, pre, post = self.case["batch"], self.size(c["source"]), self.size(c["target"])
        if any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in values):
            raise NotYet(f"`{name}` of {values[0]!r}")
        if shape[-1] == post and shape in ((post,), (1, post), (1, 1, post), (batch, 1, post)):
            return c["target"], spread(values, (len(values) // post, post), (batch, post), name)
        if shape in ((pre, 1), (1, pre, 1), (batch, pre, 1)) and c["source"] != c["target"]:
            return c["source"], spread(values, (len(values) // pre, pre), (batch, pre), name)
        if shape[0] == batch == len(values):
            return "item", values
        raise NotYet(f"`{name}` of shape {list(shape)}, which is neither one number nor one per item, source or target")

    def rows(self, axis, values, layers, axes):
        """Numbers for all axes of a signal: [batch] or [batch, neurons]."""
        batch, n = self.case["batch"], self.size(layers[0]) if layers else 1
        if axis is None:
            return [values] * (batch * n) if axes else values
        return values if axis != "item" else [x for x in values for _ in range(n)]

    # -- draws from files --------------------------------------------------------------------------------
    def is_known(self, key):
        return key in self.case["expected"] or key in self.case["given"]

    def uniform(self, layer):
        """The numbers that a layer drew: it has a file, or its part of each step of the one file of all such layers."""
        steps, batch, name = self.case["steps"], self.case["batch"], layer["name"]
        if self.is_known("draw_uniform_" + name):
            drawing, key = [layer], "draw_uniform_" + name
        else:
            drawing, key = [x for x in self.case["layers"] if MODELS[x["type"]].draws], "draw_uniform"
        sizes = [self.size(x["name"]) * batch for x in drawing]
        at, whole, size = sum(sizes[:drawing.index(layer)]), sum(sizes), self.size(name)
        if not self.is_known(key) or len(self.array(key).data) != steps * whole:
            raise NotYet(f"the draws of layer {name}")
        data = self.array(key).data
        return npy.make((steps, batch, size), "f4", (data[step * whole + at + k] for step in range(steps) for k in range(batch * size)))

    def add_draws(self, layer):
        site, it = MODELS[layer["type"]].draws, self.names[layer["name"]]
        if site:
            file = f"draw_{layer['name']}.npy"
            self.files[file] = self.uniform(layer)
            self.lines.append(f'draws {it}.{site} from "{file}"')
        if layer["type"] != "DiehlAndCookNodes" or not layer.get("one_spike", True):
            return
        steps, batch, n = self.case["steps"], self.case["batch"], self.size(layer["name"])
        keys = ["cand_" + layer["name"], "s_" + layer["name"]]
        for key in keys:
            if key not in self.case["expected"]:
                raise NotYet(f"one_spike of layer {layer['name']} without the array {key}")
        candidates, spikes = (self.array(key).data for key in keys)
        file = f"keep_{layer['name']}.npy"
        self.files[file] = npy.make((steps, batch), "f4", survivor_draws(candidates, spikes, n, self.rises(layer), self.forced(layer)))
        self.lines.append(f'draws {it}.keep from "{file}"')

    def rises(self, layer):
        """By how much the trace rises in each step, which tells a survivor that is clamped or silenced; None: there is none."""
        key, n = "x_" + layer["name"], self.size(layer["name"])
        if key not in self.case["expected"]:
            return None
        x, row = self.array(key).data, self.case["batch"] * n
        tau, size = (spread(flat(y), extents(y), layer["shape"], field) for field, y in
                     ((field, self.told_number(layer.get(field, default))) for field, default in (("tc_trace", 20), ("trace_scale", 1))))
        if not layer.get("traces_additive"):         # set to the scale in the step of a spike
            return [-abs(x[k] - size[k % n]) for k in range(len(x))]
        begins, step = {0}, 0
        for run in self.case["runs"]:
            begins |= {step} if run.get("reset_before") else set()
            step += run["steps"]
        keeps = [exp(-self.case["dt"] / t) for t in tau]
        return [x[k] - (0 if k // row in begins else keeps[k % n] * x[k - row]) for k in range(len(x))]

    def forced(self, layer):
        """By step and item: the neurons whose spikes a run decides."""
        rows, n, name = [], self.size(layer["name"]), layer["name"]
        for at, run in enumerate(self.case["runs"]):
            masks = [self.array(self.in_hand(run, field, name, at)).data for field in ("clamp", "unclamp") if name in (run.get(field) or {})]
            for step in range(run["steps"]):
                now = {i for mask in masks for i in range(n) if mask[i if len(mask) == n else step * n + i]}
                rows += [now] * self.case["batch"]
        return rows

    # -- what a run does to the network ---------------------------------------------------------------------
    def in_hand(self, run, field, layer, at):
        """The name of the array by which run number `at` holds a layer; numbers may stand in its place."""
        given = run[field][layer]
        return self.named(given, extents(given) if isinstance(given, list) else [self.size(layer)], f"{field}_{layer}_{at}")

    def controls(self, run, at):
        """What a run does in each of its steps."""
        lines, where = [], f"run {at + 1}"
        for field, word in (("clamp", "clamp"), ("unclamp", "silence")):
            for layer in run.get(field) or {}:
                lines.append(f"{word} {self.layer_name(layer, where)} where {self.use_rows(self.in_hand(run, field, layer, at), layer, run, where)}")
        for layer in run.get("injects_v") or {}:
            lines.append(f"inject {self.use_rows(self.in_hand(run, 'injects_v', layer, at), layer, run, where)} into {self.layer_name(layer, where)}.v")
        masks = run.get("masks") or {}
        for ends, name in masks.items():
            if ends not in self.unmasked:
                lines.append(self.mask(ends, name, where))
        return lines + [line for ends, line in self.holes.items() if ends not in masks]

    def mask(self, ends, name, where):
        """Weights that a run holds at zero: a mask in the shape of the weights."""
        connection, weights = self.plain.get(ends, (None, None))
        if connection is None or len(self.array(name).data) != len(self.array(weights).data):
            raise NotYet(f"{where}: a mask of {ends}")
        self.files[name + ".npy"] = self.array(name)._replace(shape=self.array(weights).shape)
        return f'zero {connection}.weight where file("{name}.npy")'

    def use_rows(self, name, layer, run, where):
        """An array [n] or [steps, n] (or of more steps than the run has) as an input file."""
        self.layer_name(layer, where)
        given, n = self.array(name), self.size(layer)
        axes = len(self.shape(layer))
        steps = None if len(given.shape) in (1, axes) and prod(given.shape) == n else given.shape[0]
        if steps is not None and (prod(given.shape) != steps * n or steps < run["steps"]):
            raise NotYet(f"{where}: {name} of shape {list(given.shape)} for the {n} neurons of {layer}")
        rows = (n,) if steps is None else (run["steps"], n)
        file = f"{name}_{prod(rows)}.npy"
        self.files[file] = npy.make(rows, given.dtype, given.data[:prod(rows)])
        return f'file("{file}")'

    def layer_name(self, layer, where):
        if layer not in self.layers:
            raise NotYet(f"{where}: no layer {layer}")
        return self.names[layer]

    # -- the experiment ---------------------------------------------------------------------------------------
    def protocol(self):
        lines, learning = [], True
        for at, run in enumerate(self.case["runs"]):
            if run.get("reset_before"):
                lines.append("reset")
            wanted = run.get("learning", self.case.get("learning", True) if at == 0 else learning)
            if wanted != learning:
                lines.append("thaw" if wanted else "freeze")
            learning = wanted
            lines += [line for name, told in self.told for line in self.tell(name, told, at)]
            if run["steps"]:
                by_layer = " layer by layer" if run.get("one_step") else ""
                controls = self.controls(run, at)
                lines.append(f"run {self.duration(run['steps'])} ms{by_layer}" + (" {" if controls else ""))
                lines += ["    " + line for line in controls] + (["}"] if controls else [])
        return lines

    def tell(self, name, told, at):
        values, before = told.values[at], told.values[at - 1] if at else told.first
        if values == before:
            return []
        if not told.axes or len(set(values)) == 1:
            return [f"{name} = {number(values[0] if told.axes else values)}"]
        batch = self.case["batch"]
        return [f"for told in told_{name}[{at * batch} ..< {at * batch + batch}] {{ {name} = told }}"]

    def duration(self, steps):
        """A time of so many steps: time / dt is rounded down, also where it should be whole (0.3 / 0.1, section 2.2)."""
        dt = Decimal(number(self.case["dt"]))
        time = (steps * dt).normalize()
        if int(float(time) / float(dt)) != steps:
            time = ((2 * steps + 1) * dt / 2).normalize()
        return f"{time:f}"


def survivor_draws(candidates, spikes, n, rises=None, forced=()):
    """For each step and item: the uniform number by which the survivor is chosen; 0 if there is none. forced: the neurons that
    are clamped or silenced in a step of the recorded rows: what they show is not what they did, but the survivor alone makes its
    trace rise."""
    for row, first in enumerate(range(0, len(candidates), n)):
        over = [i for i in range(n) if candidates[first + i]]
        hidden = forced[row] if forced else ()
        kept = [i for i in over if spikes[first + i] and i not in hidden] or [i for i in over if i in hidden]
        if len(kept) > 1 and rises is not None:
            kept.sort(key=lambda i: -rises[first + i])
        yield (over.index(kept[0]) + 0.5) / len(over) if kept else 0.0
