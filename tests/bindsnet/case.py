"""case.py: a case of the golden format becomes a program in the language, and knows what to compare.

Everything is taken from the fields of case.json; no case is known by name, and the program defines no
model of its own. What the library or this file cannot say raises NotYet, before anything is run: a field
that is not understood is never left out silently.

Here are layers and the whole; connections are in links.py, what runs do in runs.py. What may surprise, with the section of the
semantics that it comes from:
* The hidden recurrence of IzhikevichNodes is a connection of the layer to itself, behind all others (3.10).
* A pipeline's PostPre is scaled by dt, a plain connection's is not (Q41).
* NoOp on a plain connection decays the weights and clips only the first ones; in a pipeline it does nothing (Q17).
* A bias b per target neuron is a bias feature whose first row is b and whose other rows are 0.
* The random choice of one_spike is fed from a file: of `count` candidates the one of index
  floor(u * count) survives, so the recorded survivor of rank r has u = (r + 1/2) / count.
"""
import json
import re
from collections import namedtuple
from math import prod
from pathlib import Path

import npy
from links import Links
from models import COMMON_LAYER, KNOWN_CASE, KNOWN_RUN, MODELS, TAKEN, VALUED
from pattern import gathered
from runs import Runs
from words import NotYet, flat, extents, is_scalar, number, refuse_unknown, spread, value

ATOL, ATOL_WEIGHTS, RTOL = 1e-4, 2e-5, 1e-4

# What to compare: expected array `key` with the file that the program writes; `events` are spikes to be
# spread over the expected shape; atol None is exact.
Check = namedtuple("Check", "key file events atol")
Program = namedtuple("Program", "text files checks expected quirk", defaults=(None,))


class Writer(Links, Runs):
    """Builds one program. The parts are written in the order of a program: settings, layers, connections,
    draws, records, experiment."""

    def __init__(self, folder, case):
        self.folder, self.case = Path(folder), case
        self.lines, self.files, self.checks = [], {}, []
        case = self.case = {**case, "layers": [shaped(layer) for layer in case["layers"]]}
        self.layers = {layer["name"]: layer for layer in case["layers"]}
        targets = {c["target"] for c in case.get("connections", [])}
        for name in targets & set(self.layers):      # an Input that something is connected to passes the sum on (3.2)
            if self.layers[name]["type"] == "Input":
                self.layers[name]["type"] = "PassThroughNodes"
        self.names, self.taken, self.arrays = {}, set(TAKEN), {}
        for name in self.layers:
            self.names[name] = self.identifier(name)
        self.plain = {}                              # "source>target" -> name of a connection with one matrix, and its weights
        self.record_of = {}                          # expected key -> (record, Check)
        self.draws = []                              # lines that feed the draws of features
        self.final_of = {}                           # expected key -> variable to be saved
        self.unmasked = set()                        # "source>target" of what heeds no mask of a run (4.1, 4.9)
        self.sparse = {}                             # expected key -> the matrix whose zeros are absent
        self.listed = set()                          # weights that are lists of synapses
        self.repeated = {}                           # expected key -> how often the program has each value
        self.holes = {}                              # "source>target" -> file of the synapses that are not there

    # -- small things --------------------------------------------------------------------------------
    def array(self, name):
        if name not in self.arrays:
            self.arrays[name] = npy.load(self.folder / (name + ".npy"))
        return self.arrays[name]

    def use(self, name):
        """An array of the case as an input file of the program."""
        self.files[name + ".npy"] = self.array(name)
        return f'file("{name}.npy")'

    def named(self, x, shape, name):
        """The name of an array: that of a file of the case, or `name` for numbers that stand in case.json itself."""
        if isinstance(x, str) or x is None:
            return x
        self.arrays[name] = npy.make(shape, "f4", map(float, spread(flat(x), extents(x), shape, name)))
        return name

    def identifier(self, wanted):
        """A name of the program that is like the wanted one and that nothing else has."""
        name = re.sub(r"\W", "_", wanted, flags=re.ASCII) or "_"
        if name[0].isdigit():
            name = "_" + name
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name

    def shape(self, layer):
        return self.layers[layer]["shape"]

    def size(self, layer):
        return prod(self.shape(layer))

    def told_number(self, x):
        """A parameter may be the name of an array."""
        if not isinstance(x, str):
            return x
        data = list(self.array(x).data)
        for extent in reversed(self.array(x).shape[1:]):
            data = [data[k:k + extent] for k in range(0, len(data), extent)]
        return data if self.array(x).shape else data[0]

    def shown(self, key, variable, exact=False, weights=False, events=False, every=1):
        """The expected array `key` is compared with a record of `variable`."""
        every = f" every {every} steps" if every != 1 else ""
        atol = None if exact or events else ATOL_WEIGHTS if weights else ATOL
        self.record_of[key] = (f"record {variable}{every}", Check(key, variable + ".npy", events, atol))

    # -- layers --------------------------------------------------------------------------------------
    def add_layer(self, layer):
        where = f"layer {layer['name']}"
        model = MODELS.get(layer["type"])
        if model is None:
            raise NotYet(f"{layer['type']}")
        if layer.get("learning", self.case.get("learning", True)) != self.case.get("learning", True):
            raise NotYet(f"`learning` of {where} alone")  # one flag for all (Q50)
        refuse_unknown(layer, COMMON_LAYER | set(model.params) | model.ignored, where)
        name = self.names[layer["name"]]
        args = []
        for field, meaning in model.params.items():
            if isinstance(meaning, dict):            # a choice by name
                if layer.get(field, next(iter(meaning))) not in meaning:
                    raise NotYet(f"{field} {layer[field]!r} of {where}")
                args += filter(None, [meaning[layer.get(field, next(iter(meaning)))]])
                continue
            param, unit, default = meaning
            given = self.told_number(layer.get(field, default))
            if given is not None:
                args.append(f"{param} = {value(given, unit, layer['shape'], where + ': ' + field)}")
        args += self.initial_state(layer, model, where)
        body = self.trace(layer, where) + self.sum_of_input(layer, name) + self.drive(layer, where)
        shape = ", ".join(str(extent) for extent in layer["shape"])
        bits = self.has_bits(layer)
        self.lines.append(f"layer {name} : {model.name if bits else VALUED[layer['type']]}[{shape}]" + (f"({', '.join(args)})" if args else "")
                          + (f" {{ {' ; '.join(body)} }}" if body else ""))

        self.shown("s_" + layer["name"], name + ".spikes", events=bits, exact=not bits)
        if layer.get("traces"):
            self.shown("x_" + layer["name"], name + ".x")
        for key, state in model.states.items():
            self.shown(f"{key}_{layer['name']}", f"{name}.{state}", exact=key == "cand")
        if "theta" in model.states:
            self.final_of["final_theta_" + layer["name"]] = name + ".theta"

    def has_bits(self, layer):
        """Do its spikes carry no values?"""
        name = self.case.get("inputs", {}).get(layer["name"])
        if layer["type"] != "Input":
            return layer["type"] not in VALUED
        return not name or set(self.array(name).data) <= {0, 1}

    def initial_state(self, layer, model, where):
        args = []
        for state, name in (layer.get("state") or {}).items():
            if state == model.recurrent:
                continue
            if state not in model.given and state not in model.states:
                raise NotYet(f"`{state}` as initial state of {where}")
            if state not in model.given and any(run.get("reset_before") for run in self.case["runs"]):
                raise NotYet(f"`{state}` as initial state of {where}, and resets, which go to another one")
            if len(self.array(name).data) != self.size(layer["name"]):
                raise NotYet(f"{where}: `{state}` of shape {list(self.array(name).shape)}")
            args.append(f"{model.given.get(state) or model.states[state]} = {self.use(name)}")
        return args

    def add_recurrence(self, layer):
        """The given matrix acts from its second index to its first."""
        model = MODELS[layer["type"]]
        name = (layer.get("state") or {}).get(model.recurrent)
        if name is None:
            return
        n, given = self.size(layer["name"]), self.array(name).data
        if len(given) != n * n:
            raise NotYet(f"layer {layer['name']}: `{model.recurrent}` of shape {list(self.array(name).shape)}")
        file = name + "_turned.npy"
        self.files[file] = npy.make((n, n), "f4", (given[j * n + k] for k in range(n) for j in range(n)))
        it, own = self.names[layer["name"]], self.identifier(layer["name"] + "_recurrent")
        self.lines.append(f'connect {it} -> {it} as {own} {{ weight = file("{file}") }}')

    def trace_of(self, layer, where):
        """(time constant, scale, additive) of a layer's trace, the first two as they are written."""
        tau, size = (self.told_number(layer.get(field, default)) for field, default in (("tc_trace", 20), ("trace_scale", 1)))
        return (value(tau, " ms", layer["shape"], where + ": tc_trace"), value(size, "", layer["shape"], where + ": trace_scale"),
                bool(layer.get("traces_additive")))

    def trace(self, layer, where):
        if not layer.get("traces"):
            return []
        tau, scale, additive = self.trace_of(layer, where)
        return [f"trace x {{ tau = {tau} ; on spike {'add' if additive else 'set'} {scale}{' * spike' if additive else ''} }}"]

    def sum_of_input(self, layer, name):
        """What passes its input on has summed its spikes: a trace that does not decay."""
        if layer["type"] not in VALUED or "summed_" + layer["name"] not in self.case["expected"]:
            return []
        self.shown("summed_" + layer["name"], name + ".summed")
        return [f"trace summed {{ tau = inf ; on spike add {'1' if self.has_bits(layer) else 'spike'} }}"]

    def drive(self, layer, where):
        name = self.case.get("inputs", {}).get(layer["name"])
        if name is None:
            return []
        given = self.array(name)
        if prod(given.shape) != self.case["steps"] * self.case["batch"] * self.size(layer["name"]):
            raise NotYet(f"{where}: an input of shape {list(given.shape)}")
        if layer["type"] == "Input":
            bits = self.has_bits(layer)
            given = npy.make(given.shape, "u1" if bits else "f4", (int(x) for x in given.data) if bits else given.data)
        else:
            given = npy.make(given.shape, "f4", given.data)
        self.files[name + ".npy"] = given
        return [f'input file("{name}.npy")']

    # -- what is expected ----------------------------------------------------------------------------------
    def newest(self, key, layer):
        """A window's sum has one for each slot; ours is that of the newest, the last (3.11)."""
        given, n = self.array(key), self.size(layer["name"])
        shape, window = (self.case["steps"], self.case["batch"], n), layer.get("res_window_size", 20)
        slots = prod(given.shape) // prod(shape)
        if slots not in (1, window) or slots * prod(shape) != prod(given.shape):
            raise NotYet(f"{key} of shape {list(given.shape)}")
        return npy.make(shape, "f4", (x for k in range(slots - 1, len(given.data) // n, slots) for x in given.data[k * n:(k + 1) * n]))

    def expected_of(self, key):
        layer = self.layers.get(key.removeprefix("summed_"), {})
        if key.startswith("summed_") and layer.get("type") == "CSRMNodes":
            return self.newest(key, layer)
        if key in self.repeated:
            array, times = self.array(key), self.repeated[key]
            return npy.make([len(array.data), times], "f4", (x for x in array.data for _ in range(times)))
        if key not in self.sparse:
            return self.array(key)
        wanted = gathered(self.array(key), self.sparse[key], "eligibility" in key)
        if wanted is None:
            raise NotYet(f"{key}: a synapse that comes into being")
        return wanted

    # -- the whole ----------------------------------------------------------------------------------------
    def write(self):
        case = self.case
        if case.get("kind"):
            raise NotYet(f"kind {case['kind']}")
        refuse_unknown(case, KNOWN_CASE, "the case")
        for at, run in enumerate(case["runs"], 1):
            refuse_unknown(run, KNOWN_RUN, f"run {at}")
        if sum(run["steps"] for run in case["runs"]) != case["steps"]:
            raise NotYet("runs whose steps do not add up")
        self.lines += [f"# {case.get('case', 'case')}: {case.get('about', '')}".replace("\n", " "),
                       f"dt = {number(case['dt'])} ms ; batch = {case['batch']}", ""]
        self.add_signals()
        for layer in case["layers"]:
            self.add_layer(layer)
        self.lines.append("")
        for connection in case.get("connections", []):
            self.add_connection(connection)
        for layer in case["layers"]:
            self.add_recurrence(layer)
        for layer in case["layers"]:
            self.add_draws(layer)
        self.lines += self.draws
        self.lines.append("")
        saves = self.add_checks()
        self.lines += ["", "experiment {"] + ["    " + line for line in self.protocol() + saves] + ["}"]
        expected = {check.key: self.expected_of(check.key) for check in self.checks}
        return Program("\n".join(self.lines) + "\n", self.files, self.checks, expected, case.get("quirk"))

    def add_checks(self):
        """Records what is expected; gives the statements that save what is expected at the end."""
        saves = []
        for key in self.case["expected"]:
            if key.startswith("draw_"):
                continue                             # goes in, see add_draws and own_parameters
            if key in self.record_of:
                record, check = self.record_of[key]
                if prod(self.array(key).shape) == 0:
                    continue
                self.lines.append(record)
                self.checks.append(check)
            elif key in self.final_of:
                variable = self.final_of[key]
                saves.append(f'save {variable} to "{key}.npy"')
                weights = key.startswith("final_w_")
                self.checks.append(Check(key, key + ".npy", False, ATOL_WEIGHTS if weights else ATOL))
            else:
                raise NotYet(f"the array {key}")
        return saves


def shaped(layer):
    """A layer with its shape: BindsNET takes the number of neurons in its place, or both (3.1)."""
    shape, n = layer.get("shape"), layer.get("n")
    shape = [n] if shape is None else shape if isinstance(shape, list) else [shape]
    if None in shape or n not in (None, prod(shape)):
        raise NotYet(f"layer {layer['name']} of {n} neurons and the shape {shape}")
    return {**{key: x for key, x in layer.items() if key != "n"}, "shape": shape}


def write_program(folder):
    """The Program of the case in a folder; NotYet if it cannot be said."""
    with open(Path(folder) / "case.json", encoding="utf-8") as file:
        case = json.load(file)
    from other import KINDS                          # which takes from here what both need
    if case.get("kind") in KINDS:
        return KINDS[case["kind"]](Path(folder), case)
    if case.get("kind"):
        raise NotYet(f"kind {case['kind']}" + (f": {case['function']}" if case.get("function") else ""))
    return Writer(folder, case).write()
