"""case.py: a case of the golden format becomes a program in the language, and knows what to compare.

Everything is taken from the fields of case.json; no case is known by name, and the program defines no
model of its own. What the library or this file cannot say raises NotYet, before anything is run: a field
that is not understood is never left out silently.

What may surprise, with the section of the semantics that it comes from:
* The hidden recurrence of IzhikevichNodes is a connection of the layer to itself, behind all others (3.10).
* A pipeline's PostPre is scaled by dt, a plain connection's is not (Q41).
* NoOp on a plain connection decays the weights and does not clip them; in a pipeline it does nothing (Q17).
* A bias b per target neuron is a bias feature whose first row is b and whose other rows are 0.
* The random choice of one_spike is fed from a file: of `count` candidates the one of index
  floor(u * count) survives, so the recorded survivor of rank r has u = (r + 1/2) / count.
"""
import json
import re
from collections import namedtuple
from decimal import Decimal
from math import prod
from pathlib import Path

import npy
from models import (AMPLITUDES, FEATURES, KNOWN_CASE, KNOWN_CONNECTION, KNOWN_FEATURE, KNOWN_PIPELINE, KNOWN_RULE, KNOWN_RUN, MODELS, NEVER_LEARN,
                    OWN_FIELDS, COMMON_LAYER, RULES, TAKEN, VALUED)
from pattern import gathered, norm_of, pattern_of
from words import NotYet, extents, flat, is_scalar, number, refuse_unknown, value

ATOL, ATOL_WEIGHTS, RTOL = 1e-4, 2e-5, 1e-4

# What to compare: expected array `key` with the file that the program writes; `events` are spikes to be
# spread over the expected shape; atol None is exact.
Check = namedtuple("Check", "key file events atol")
Program = namedtuple("Program", "text files checks expected quirk", defaults=(None,))


class Writer:
    """Builds one program. The parts are written in the order of a program: settings, layers, connections,
    draws, records, experiment."""

    def __init__(self, folder, case):
        self.folder, self.case = Path(folder), case
        self.lines, self.files, self.checks = [], {}, []
        self.layers = {layer["name"]: layer for layer in case["layers"]}
        targets = {c["target"] for c in case.get("connections", [])}
        for name in targets & set(self.layers):      # an Input that something is connected to passes the sum on (3.2)
            if self.layers[name]["type"] == "Input":
                self.layers[name]["type"] = "PassThroughNodes"
        self.names, self.arrays = {}, {}
        self.plain = {}                              # "source>target" -> name of a connection with one matrix, and its weights
        self.record_of = {}                          # expected key -> (record, Check)
        self.draws = []                              # lines that feed the draws of features
        self.final_of = {}                           # expected key -> variable to be saved
        self.unmasked = set()                        # "source>target" of what heeds no mask of a run (4.1, 4.9)
        self.sparse = {}                             # expected key -> the matrix whose zeros are absent

    # -- small things --------------------------------------------------------------------------------
    def array(self, name):
        if name not in self.arrays:
            self.arrays[name] = npy.load(self.folder / (name + ".npy"))
        return self.arrays[name]

    def use(self, name):
        """An array of the case as an input file of the program."""
        self.files[name + ".npy"] = self.array(name)
        return f'file("{name}.npy")'

    def identifier(self, wanted):
        name = re.sub(r"\W", "_", wanted, flags=re.ASCII) or "_"
        if name[0].isdigit():
            name = "_" + name
        while name in TAKEN or name in self.names.values():
            name += "_"
        self.names[wanted] = name
        return name

    def size(self, layer):
        return prod(self.layers[layer]["shape"])

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
        refuse_unknown(layer, COMMON_LAYER | set(model.params) | model.ignored, where)
        n, name = self.size(layer["name"]), self.identifier(layer["name"])
        args = []
        for field, meaning in model.params.items():
            if isinstance(meaning, dict):            # a choice by name
                if layer.get(field, next(iter(meaning))) not in meaning:
                    raise NotYet(f"{field} {layer[field]!r} of {where}")
                args += filter(None, [meaning[layer.get(field, next(iter(meaning)))]])
                continue
            param, unit, default = meaning
            given = layer.get(field, default)
            if given is not None:
                args.append(f"{param} = {value(given, unit, n, where + ': ' + field)}")
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
            if state not in model.given:
                raise NotYet(f"`{state}` as initial state of {where}")
            if len(self.array(name).data) != self.size(layer["name"]):
                raise NotYet(f"{where}: `{state}` of shape {list(self.array(name).shape)}")
            args.append(f"{model.given[state]} = {self.use(name)}")
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
        n = self.size(layer["name"])
        return (value(layer.get("tc_trace", 20), " ms", n, where + ": tc_trace"),
                value(layer.get("trace_scale", 1), "", n, where + ": trace_scale"), bool(layer.get("traces_additive")))

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

    # -- connections -----------------------------------------------------------------------------------
    def add_connection(self, c):
        source, target = c["source"], c["target"]
        where = f"connection {source} -> {target}"
        for end in (source, target):
            if end not in self.layers:
                raise NotYet(f"{where}: no layer {end}")
        name = self.identifier(f"{source}_{target}")
        if c["type"] == "Connection":
            features = self.plain_features(c, name, where)
            self.plain[f"{source}>{target}"] = (name, c["w"])
        elif c["type"] == "MulticompartmentConnection":
            features = self.pipeline_features(c, name, where)
        elif pattern_of(c):
            features = self.pattern_features(c, name, where)
            if "w" in c:
                self.plain[f"{source}>{target}"] = (name, c["w"])
        else:
            raise NotYet(f"{c['type']}")
        by = f" by {pattern_of(c).by}" if pattern_of(c) else ""
        self.lines.append(f"connect {self.names[source]} -> {self.names[target]}{by} as {name} {{")
        self.lines += ["    " + feature for feature in features]
        self.lines.append("}")

    def show_weights(self, key, variable, exact=False):
        self.shown("w_" + key, variable, weights=True, exact=exact, every=self.case.get("w_every", 1))
        self.final_of["final_w_" + key] = variable

    def plain_features(self, c, name, where):
        refuse_unknown(c, KNOWN_CONNECTION, where)
        self.show_weights(f"{c['source']}_{c['target']}", name + ".weight")
        rule = c.get("rule") or {"name": "NoOp"}
        learn = self.learn(rule, c, where, name + ".weight", f"{c['source']}_{c['target']}", "1",
                           (c.get("wmin"), c.get("wmax")), c["w"])
        about = []
        if learn:
            about += self.bounds(c.get("wmin"), c.get("wmax"), c["w"], where)
        about += self.norm(c.get("norm"), "each run", where)
        about += self.decay(c.get("weight_decay"), where)
        about += self.sign(c, where)
        features = ["weight = " + self.use(c["w"]) + self.block(about + learn)]
        if c.get("b"):
            b, n, m = self.array(c["b"]), self.size(c["source"]), self.size(c["target"])
            if len(b.data) != m:
                raise NotYet(f"{where}: a bias of shape {list(b.shape)}")
            file = f"{c['b']}_rows"
            self.files[file + ".npy"] = npy.make((n, m), "f4", list(b.data) + [0] * ((n - 1) * m))
            features.append(f'bias = file("{file}.npy")')
        return features

    def pattern_features(self, c, name, where):
        pattern, key = pattern_of(c), f"{c['source']}_{c['target']}"
        refuse_unknown(c, KNOWN_CONNECTION | pattern.known, where)
        if "decay" in pattern.known:                 # a pool: no weights
            self.shown("rates_" + key, name + ".rate")
            self.unmasked.add(f"{c['source']}>{c['target']}")
            return []
        self.show_weights(key, name + ".weight")
        if pattern.by.startswith("sparse"):
            self.sparse.update({"w_" + key: self.array(c["w"]), "final_w_" + key: self.array(c["w"])})
        learn = self.learn(c.get("rule") or {"name": "NoOp"}, c, where, name + ".weight", key, "1",
                           (c.get("wmin"), c.get("wmax")), c["w"])
        about = self.bounds(c.get("wmin"), c.get("wmax"), c["w"], where) if learn else []
        if norm_of(c) is not None:
            about.append(f"norm {number(norm_of(c))} {pattern.norm}")
        if "weight_decay" not in pattern.known:
            about += self.decay(c.get("weight_decay"), where)
        about += self.sign(c, where)
        features = ["weight = " + self.use(c["w"]) + self.block(about + learn)]
        if c.get("b") and not pattern.by.startswith(("local", "mean_field")):    # which ignore it (4.7, 4.8)
            features.append("offset = " + self.use(c["b"]))
        return features

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
        if key not in self.sparse:
            return self.array(key)
        wanted = gathered(self.array(key), self.sparse[key], "eligibility" in key)
        if wanted is None:
            raise NotYet(f"{key}: a synapse that comes into being")
        return wanted

    def pipeline_features(self, c, name, where):
        refuse_unknown(c, KNOWN_PIPELINE, where)
        self.unmasked.add(f"{c['source']}>{c['target']}")
        features, seen, names = [], [], {}           # names: that of the case -> that of the program
        for f in c["pipeline"]:
            kind = FEATURES.get(f["type"])
            if kind is None:
                raise NotYet(f"{f['type']} in a pipeline")
            own = kind if kind not in seen else f"{kind}_{len(seen)}"
            seen += [kind, own]
            at = f"{f['type']} of {where}"
            refuse_unknown(f, KNOWN_FEATURE | OWN_FIELDS.get(kind, set()), at)
            shown = f"{name}.{own}" + (".pass" if kind == "adaptation" else "")
            self.show_weights(f"{c['source']}_{c['target']}_{f['name']}", shown, exact=kind == "mask")
            if f.get("parent_feature"):
                parent = names.get(f["parent_feature"])
                if parent is None or kind in NEVER_LEARN:
                    raise NotYet(f"{at}: the value of {f['parent_feature']}")
                names[f["name"]] = parent            # which does not learn here, but there (5)
                features.append((own if own == kind else f"{own} : {kind}") + f" = shared {parent}"
                                + self.block(self.own_parameters(f, kind, c, f"{name}.{own}", at)))
                continue
            names[f["name"]] = own
            learn = [] if c.get("manual_update") else self.learn(f.get("rule") or {"name": "NoOp"}, c, at, f"{name}.{own}",
                               f"{c['source']}_{c['target']}_{f['name']}", number(self.case["dt"]),
                               f.get("range") or (None, None), f.get("value"))
            if learn and kind in NEVER_LEARN:
                raise NotYet(f"learning of {f['type']}")
            about = self.own_parameters(f, kind, c, f"{name}.{own}", at)
            if f.get("enforce_polarity"):
                about.append("keep sign per pre")
            if learn:
                self.check_first_values(f, at)
                about += self.bounds(*(f.get("range") or (None, None)), f["value"], at)
                about += self.decay(f.get("decay"), at)
            each = {"sample": "each run", "time step": "each step"}.get(f.get("norm_frequency", "sample"))
            if each is None:
                raise NotYet(f"norm_frequency {f['norm_frequency']!r}")
            about += self.norm(f.get("norm"), each + " of signed sum", at)
            features.append((kind if own == kind else f"{own} : {kind}") + " = " + (self.use(f["value"]) if f.get("value") else "1") + self.block(about + learn))
        return features

    def check_first_values(self, f, at):
        """A pipeline refuses first values outside of the range (5); other connections clip them (4.1)."""
        for bound, sign in zip(f.get("range") or (), (1, -1)):
            if is_scalar(bound) and any(sign * npy.make((1,), "f4", [bound]).data[0] > sign * x for x in self.array(f["value"]).data):
                raise NotYet(f"{at}: a first value outside of its range, which BindsNET refuses")

    def sign(self, c, where):
        """Dale's rule: true is never negative, false never positive (4.1), in the shape of the weights or a number for each source."""
        given = c.get("Dales_rule")
        if given is None:
            return []
        shape, values = (self.array(given).shape, list(self.array(given).data)) if isinstance(given, str) else (extents(given), flat(given))
        wanted = self.array(c["w"]).shape
        if len(shape) == 1 and shape[0] == wanted[0]:
            shape = (*shape, *[1] * (len(wanted) - 1))
        if len(shape) != len(wanted) or any(have not in (1, want) for have, want in zip(shape, wanted)):
            raise NotYet(f"{where}: Dales_rule of shape {list(shape)}")
        file = f"{c['w']}_dale.npy"
        self.files[file] = npy.make(shape, "f4", (float(bool(v)) for v in values))
        return [f'keep sign positive where file("{file}")']

    def own_parameters(self, f, kind, c, variable, at):
        """The lines of a block that set what only this kind of feature has."""
        if kind == "degradation":
            if not is_scalar(f.get("factor")):
                raise NotYet(f"{at}: another function than factor * value")
            return [f"factor = {number(f['factor'])}"]
        if kind == "probability":
            self.add_bernoulli(f, c, variable, at)
        if kind == "adaptation":
            hidden, out = self.array(f["ann_hidden"]), self.array(f["ann_out"])
            if len(hidden.shape) != 2 or prod(out.shape) != hidden.shape[0]:
                raise NotYet(f"{at}: a network of shapes {list(hidden.shape)} and {list(out.shape)}")
            if self.case["batch"] != 1:
                raise NotYet(f"{at}: a batch")
            self.files[f["ann_out"] + ".npy"] = npy.make((hidden.shape[0],), "f4", out.data)
            return [f"units = {hidden.shape[0]}", f"window = {hidden.shape[1]}",
                    f"hidden = {self.use(f['ann_hidden'])}", f'output = file("{f["ann_out"]}.npy")',
                    f"rate = {number(f['const_update_rate'])}", f"drift = {number(f['const_decay'])}"]
        return []

    def add_bernoulli(self, f, c, variable, at):
        """The matrices that this feature drew: a step's are behind each other, in the order of the connections."""
        if "draw_bernoulli" not in self.case["expected"]:
            raise NotYet(f"{at} without the draws")
        drawn, size = self.array("draw_bernoulli"), len(self.array(f["value"]).data)
        order = [(other["target"], g) for other in self.case["connections"] for g in other.get("pipeline", []) if g["type"] == f["type"]]
        places = list(self.layers)                   # with one_step each layer asks its connections
        by_layer = sorted(order, key=lambda one: places.index(one[0]))
        if len(drawn.data) != self.case["steps"] * len(order) * size:
            raise NotYet(f"{at}: draws of shape {list(drawn.shape)} for {len(order)} features")
        first, then = (next(k for k, (_, g) in enumerate(one) if g is f) for one in (order, by_layer))
        mine = [then if run.get("one_step") else first for run in self.case["runs"] for _ in range(run["steps"])]
        rows = (0.0 if drawn.data[(step * len(order) + mine[step]) * size + k] else 1.0
                for step in range(self.case["steps"]) for k in range(size))
        file = f"draw_{c['source']}_{c['target']}_{f['name']}.npy"
        self.files[file] = npy.make((self.case["steps"], *self.array(f["value"]).shape), "f4", rows)
        self.draws.append(f'draws {variable}.pass from "{file}"')

    def block(self, about):
        return f" {{ {' ; '.join(about)} }}" if about else ""

    def several(self, x, weights, targets, where, absent=None):
        """One number, or a list that meets the weights as arrays of NumPy do: of each target, or in their shape. A text is
        the name of an array."""
        if is_scalar(x):
            return number(x)
        shape, values = (self.array(x).shape, list(self.array(x).data)) if isinstance(x, str) else (extents(x), flat(x))
        wanted = self.array(weights).shape
        shape = (1,) * (len(wanted) - len(shape)) + tuple(shape)
        if any(have not in (1, want) for have, want in zip(shape, wanted)) or len(shape) != len(wanted):
            if len(values) != targets or isinstance(x, str):
                raise NotYet(f"{where}: {len(values)} values for weights of shape {list(wanted)}")
        elif shape[:-1] != (1,) * (len(shape) - 1) or shape[-1] != targets:
            file = f"{weights}_{len(self.files)}.npy"
            self.files[file] = npy.make(shape, "f4", (absent if v is None else v for v in values))
            return f'file("{file}")'
        return "[" + ", ".join(number(absent if v is None else v) for v in values) + "]"

    def bounds(self, lo, hi, weights, where):
        if lo is None and hi is None:
            return []
        return [f"range [{self.bound(lo, '-inf', weights, where)}, {self.bound(hi, 'inf', weights, where)}]"]

    def bound(self, x, none, weights, where):
        return none if x is None else self.several(x, weights, 0, where, (-1 if none[0] == "-" else 1) * 3e38)

    def norm(self, norm, each, where):
        if norm is None:
            return []
        if isinstance(norm, str):
            norm = list(self.array(norm).data)
        text = number(norm) if is_scalar(norm) else "[" + ", ".join(map(number, flat(norm))) + "]"
        return [f"norm {text} per post {each}"]

    def decay(self, decay, where):
        if not decay:
            return []
        if not is_scalar(decay):
            raise NotYet(f"decay {decay!r} of {where}")
        return [f"decay {number(decay)}"]

    def learn(self, rule, c, where, variable, key, scale, bounds, weights):
        """The `learn` clause of the feature `variable` with the array `weights`; its results are named after `key`."""
        if rule["name"] == "NoOp":
            return []
        if rule["name"] not in RULES:
            raise NotYet(f"rule {rule['name']}")
        model = RULES[rule["name"]]
        refuse_unknown(rule, KNOWN_RULE | set(model.params), f"the rule of {where}")
        reduction = rule.get("reduction") or "sum"
        if reduction == "squeeze" and self.case["batch"] == 1:
            reduction = "sum"                        # of one item (6.1)
        if reduction not in ("sum", "mean", "max"):
            raise NotYet(f"reduction {reduction!r}")
        args = []
        if model.needs_bounds:
            if None in bounds:
                raise NotYet(f"{rule['name']} without bounds in {where}")
            args += [f"{name} = {self.bound(x, none, weights, where)}" for name, x, none in zip(("low", "high"), bounds, ("-inf", "inf"))]
        given = rule.get("nu", 0)
        nu = [self.several(rate, weights, self.size(c["target"]), where + ": nu") for rate in (given if isinstance(given, list) else [given, given])]
        args.append(f"nu = {nu[0]}" if model.third else f"nu = (pre: {nu[0]}, post: {nu[1]})")
        if model.third:
            args.append("reward = reward")
            for field in model.amplitudes & self.amplitudes():
                args.append(f"{field} = {field}")
        for field, param in model.params.items():
            if field in rule:
                args.append(f"{param} = {value(rule[field], ' ms', 0, where + ': ' + field)}")
        for side, suffix in model.traces.items():
            args += self.trace_arguments(rule, c, side, suffix)
        if scale != "1" and model.scaled:
            args.append(f"scale = {scale}")
        for array, state in model.states.items():
            self.final_of[f"final_{array}_{key}"] = f"{variable}.{state}"
            if "w_" + key in self.sparse and array.startswith("eligibility"):
                self.sparse[f"final_{array}_{key}"] = self.sparse["w_" + key]
        text = f"learn {rule['name']}({', '.join(args)}) reduce {reduction} over batch"
        if rule.get("average_update"):
            text += f" average over {number(rule['average_update'])} steps"
            text += " each step" if rule.get("continues_update") else ""
        return [text]

    def trace_arguments(self, rule, c, side, suffix):
        end = c["source"] if side == "pre" else c["target"]
        layer = self.layers[end]
        if not layer.get("traces"):
            raise NotYet(f"{rule['name']} beside layer {end}, which has no traces")
        tau, size, additive = self.trace_of(layer, f"layer {end}")
        args = [f"tau{suffix} = {tau}"]
        if additive != (not suffix):                 # the default where there is only one trace is true
            args.append(f"additive{suffix} = {number(additive)}")
        if size != "1":
            args.append(f"scale{suffix} = {size}")
        return args

    def amplitudes(self):
        """Which of a_plus and a_minus some run sets: they are signals then."""
        return {field for field in AMPLITUDES for run in self.case["runs"] if field in run}

    def signals(self):
        """(name, first value, value in each run) of what rules are told."""
        rules = [c.get("rule") for c in self.case.get("connections", [])]
        rules += [f.get("rule") for c in self.case.get("connections", []) for f in c.get("pipeline", [])]
        third = any(rule and rule["name"] in RULES and RULES[rule["name"]].third for rule in rules)
        told = {"reward": 0, **{field: AMPLITUDES[field] for field in sorted(self.amplitudes())}} if third else {}
        for name, default in told.items():
            values = [self.per_item(default if run.get(name) is None else run[name], name) for run in self.case["runs"]]
            yield name, default, values

    def per_item(self, x, name):
        """A number, or a list of one for each item of the batch: [B, 1, 1], which meets weights [B, pre, post]."""
        if is_scalar(x):
            return x
        if isinstance(x, str):
            array = self.array(x)
            if len(array.data) > 1 and array.shape != (self.case["batch"], 1, 1):
                raise NotYet(f"`{name}` of shape {list(array.shape)}")
            x = [[value] for value in array.data]
        values = flat(x)
        if len(values) == 1:
            return values[0]
        sizes = {self.size(c["target"]) for c in self.case["connections"]}
        nested = isinstance(x, list) and isinstance(x[0], list)
        if len(values) != self.case["batch"] or len(x) != len(values) or (not nested and len(values) in sizes):
            raise NotYet(f"`{name}` that is neither one number nor one per item")
        return values

    # -- one spike --------------------------------------------------------------------------------------
    def add_draws(self, layer):
        site = MODELS[layer["type"]].draws
        if site:
            shape = (self.case["steps"], self.case["batch"], self.size(layer["name"]))
            if "draw_uniform" not in self.case["expected"] or prod(self.array("draw_uniform").shape) != prod(shape):
                raise NotYet(f"the draws of layer {layer['name']}")
            self.files["draw_uniform.npy"] = npy.make(shape, "f4", self.array("draw_uniform").data)
            self.lines.append(f'draws {self.names[layer["name"]]}.{site} from "draw_uniform.npy"')
        if layer["type"] != "DiehlAndCookNodes" or not layer.get("one_spike", True):
            return
        steps, batch, n = self.case["steps"], self.case["batch"], self.size(layer["name"])
        keys = ["cand_" + layer["name"], "s_" + layer["name"]]
        for key in keys:
            if key not in self.case["expected"]:
                raise NotYet(f"one_spike of layer {layer['name']} without the array {key}")
        candidates, spikes = (self.array(key).data for key in keys)
        file = f"keep_{layer['name']}.npy"
        traced = "x_" + layer["name"]
        trace = self.array(traced).data if traced in self.case["expected"] else None
        self.files[file] = npy.make((steps, batch), "f4", survivor_draws(candidates, spikes, n, trace, self.forced(layer)))
        self.lines.append(f'draws {self.names[layer["name"]]}.keep from "{file}"')

    def forced(self, layer):
        """By step and item: the neurons whose spikes a run decides."""
        rows, n, name = [], self.size(layer["name"]), layer["name"]
        for run in self.case["runs"]:
            masks = [self.array(run[field][name]).data for field in ("clamp", "unclamp") if name in (run.get(field) or {})]
            for step in range(run["steps"]):
                now = {i for mask in masks for i in range(n) if mask[i if len(mask) == n else step * n + i]}
                rows += [now] * self.case["batch"]
        return rows

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
        self.told = list(self.signals())
        for name, first, values in self.told:
            per_item = any(isinstance(x, list) for x in values)
            self.lines.append(f"signal {name}{' of item' if per_item else ''} = {number(first)}")
            if per_item:                             # read as columns of data, one sample per item
                rows = [y for x in values for y in (x if isinstance(x, list) else [x] * case["batch"])]
                self.files[f"told_{name}.npy"] = npy.make((len(rows),), "f4", rows)
                self.lines.append(f'data told_{name} = npy("told_{name}.npy")')
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
            if key in ("draw_uniform", "draw_bernoulli"):
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

    def controls(self, run, where):
        """What a run does to the network in each of its steps."""
        lines = []
        for field, word in (("clamp", "clamp"), ("unclamp", "silence")):
            for layer, name in (run.get(field) or {}).items():
                lines.append(f"{word} {self.layer_name(layer, where)} where {self.use_rows(name, layer, run, where)}")
        for layer, name in (run.get("injects_v") or {}).items():
            lines.append(f"inject {self.use_rows(name, layer, run, where)} into {self.layer_name(layer, where)}.v")
        for ends, name in (run.get("masks") or {}).items():
            if ends not in self.unmasked:
                lines.append(self.mask(ends, name, where))
        return lines

    def mask(self, ends, name, where):
        """Weights that a run holds at zero: a mask in the shape of the weights."""
        connection, weights = self.plain.get(ends, (None, None))
        if connection is None or len(self.array(name).data) != len(self.array(weights).data):
            raise NotYet(f"{where}: a mask of {ends}")
        dense = self.sparse.get("w_" + ends.replace(">", "_"))
        if dense is None:
            self.files[name + ".npy"] = self.array(name)._replace(shape=self.array(weights).shape)
            return f'zero {connection}.weight where file("{name}.npy")'
        held = self.array(name).data                 # of the entries that are there; the others would come into being
        if not all(held[k] or dense.data[k] for k in range(len(held))):
            raise NotYet(f"{where}: a mask of {ends} without synapses that do not exist")
        file = f"{name}_there.npy"
        there = [held[k] for k in range(len(held)) if dense.data[k]]
        self.files[file] = npy.make((len(there),), "u1", map(bool, there))
        return f'zero {connection}.weight where file("{file}")'

    def use_rows(self, name, layer, run, where):
        """An array [n] or [steps, n] (or of more steps than the run has) as an input file."""
        self.layer_name(layer, where)
        given, n = self.array(name), self.size(layer)
        axes = len(self.layers[layer]["shape"])
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

    def protocol(self):
        lines, learning = [], True
        for at, run in enumerate(self.case["runs"]):
            if run.get("reset_before"):
                lines.append("reset")
            wanted = run.get("learning", self.case.get("learning", True) if at == 0 else learning)
            if wanted != learning:
                lines.append("thaw" if wanted else "freeze")
            learning = wanted
            for name, first, values in self.told:
                if values[at] == (values[at - 1] if at else first):
                    continue
                if isinstance(values[at], list):
                    first_row, batch = at * self.case["batch"], self.case["batch"]
                    lines.append(f"for told in told_{name}[{first_row} ..< {first_row + batch}] {{ {name} = told }}")
                else:
                    lines.append(f"{name} = {number(values[at])}")
            if run["steps"]:
                time = (run["steps"] * Decimal(number(self.case["dt"]))).normalize()
                by_layer = " layer by layer" if run.get("one_step") else ""
                controls = self.controls(run, f"run {at + 1}")
                lines.append(f"run {time:f} ms{by_layer}" + (" {" if controls else ""))
                lines += ["    " + line for line in controls] + (["}"] if controls else [])
        return lines


def survivor_draws(candidates, spikes, n, trace=None, forced=()):
    """For each step and item: the uniform number by which the survivor is chosen; 0 if there is none. forced: the neurons that
    are clamped or silenced in a step of the recorded rows: what they show is not what they did, but the survivor alone makes the
    trace rise."""
    for row, first in enumerate(range(0, len(candidates), n)):
        over = [i for i in range(n) if candidates[first + i]]
        hidden = forced[row] if forced else ()
        kept = [i for i in over if spikes[first + i] and i not in hidden] or [i for i in over if i in hidden]
        if len(kept) > 1 and trace is not None:
            kept.sort(key=lambda i: -trace[first + i])
        yield (over.index(kept[0]) + 0.5) / len(over) if kept else 0.0


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
