"""links.py: connections, their features and rules, as lines of a program (see case.py)."""

from math import prod

import npy
from models import (CONSTANTS, FEATURES, KNOWN_CONNECTION, KNOWN_FEATURE, KNOWN_PIPELINE, KNOWN_RULE, NEVER_LEARN, OWN_FIELDS,
                    RULES)
from pattern import gathered, pattern_of, taps_of
from words import NotYet, extents, flat, is_scalar, number, refuse_unknown, spread


class Links:
    """The part of a Writer that knows connections."""

    def add_connection(self, c):
        source, target = c["source"], c["target"]
        where = f"connection {source} -> {target}"
        for end in (source, target):
            if end not in self.layers:
                raise NotYet(f"{where}: no layer {end}")
        name = self.identifier(f"{source}_{target}")
        c = {**c, "w": self.named(c.get("w"), [self.size(source), self.size(target)], f"w_{source}_{target}"),
             "b": self.named(c.get("b"), [self.size(target)], f"b_{source}_{target}")}
        c = {key: x for key, x in c.items() if key != "w" or x is not None}
        pattern = pattern_of(c)
        if pattern and pattern.by.startswith("sparse") and self.comes_into_being(c):
            pattern = pattern._replace(by="")        # a matrix: of what is not there, some will be
        if c["type"] == "Connection":
            features = self.plain_features(c, name, where)
        elif c["type"] == "MulticompartmentConnection":
            features = self.pipeline_features(c, name, where)
        elif pattern:
            features = self.pattern_features(c, pattern, name, where)
        else:
            raise NotYet(f"{c['type']}")
        if "w" in c:
            self.plain[f"{source}>{target}"] = (name, c["w"])
        by = f" by {pattern.by}" if pattern and pattern.by else ""
        self.lines.append(f"connect {self.names[source]} -> {self.names[target]}{by} as {name} {{")
        self.lines += ["    " + feature for feature in features]
        self.lines.append("}")

    def comes_into_being(self, c):
        """Do synapses that are not there at first come into being? In a SparseConnection they may (4.3), in a LocalConnection
        where a run has a mask of its own in place of that of its holes (4.6)."""
        key, w = f"{c['source']}_{c['target']}", self.array(c["w"]).data
        if c["type"] == "SparseConnection":
            known = [k for k in ("w_" + key, "final_w_" + key) if k in self.case["expected"]]
            return any(gathered(self.array(k), self.array(c["w"])) is None for k in known)
        masks = [run["masks"][f"{c['source']}>{c['target']}"] for run in self.case["runs"] if f"{c['source']}>{c['target']}" in (run.get("masks") or {})]
        return any(len(self.array(mask).data) == len(w) and not all(w[k] or self.array(mask).data[k] for k in range(len(w)))
                   for mask in masks)

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
        about += self.bounds(c.get("wmin"), c.get("wmax"), c["w"], where)
        about += self.norm(self.told_number(c.get("norm")), "per post each run", where)
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

    def pattern_features(self, c, pattern, name, where):
        key = f"{c['source']}_{c['target']}"
        refuse_unknown(c, KNOWN_CONNECTION | pattern.known, where)
        if "decay" in pattern.known:                 # a pool: no weights
            self.shown("rates_" + key, name + ".rate")
            self.unmasked.add(f"{c['source']}>{c['target']}")
            return []
        self.show_weights(key, name + ".weight")
        if pattern.by.startswith("sparse"):
            self.listed.add(c["w"])
            self.sparse.update({"w_" + key: self.array(c["w"]), "final_w_" + key: self.array(c["w"])})
        elif c["type"] == "LocalConnection":         # whose holes are held at zero by each run that has no mask of its own
            holes = f"{c['w']}_holes.npy"
            self.files[holes] = npy.make(self.array(c["w"]).shape, "u1", (x == 0 for x in self.array(c["w"]).data))
            self.holes[f"{c['source']}>{c['target']}"] = f'zero {name}.weight where file("{holes}")'
        learn = self.learn(c.get("rule") or {"name": "NoOp"}, c, where, name + ".weight", key, "1",
                           (c.get("wmin"), c.get("wmax")), c["w"])
        clipped = c["type"] in ("LocalConnection", "SparseConnection") or c["type"].startswith("Conv") and None in (c.get("wmin"), c.get("wmax"))
        about = self.bounds(c.get("wmin"), c.get("wmax"), c["w"], where) if learn or clipped else []   # clipped at first (4.1)
        about += self.norm(self.told_number(c.get("norm")), pattern.norm, where, taps_of(c))
        if "weight_decay" not in pattern.known:
            about += self.decay(c.get("weight_decay"), where)
        about += self.sign(c, where)
        value = self.use(c["w"])
        if pattern.by == "mean_field" and len(self.array(c["w"]).data) == 1:     # one number for all targets
            value = number(self.array(c["w"]).data[0])
            self.repeated.update({"w_" + key: self.size(c["target"]), "final_w_" + key: self.size(c["target"])})
        features = ["weight = " + value + self.block(about + learn)]
        if c.get("b") and not pattern.by.startswith(("local", "mean_field")):    # which ignore it (4.7, 4.8)
            features.append("offset = " + self.use(c["b"]))
        return features


    def pipeline_features(self, c, name, where):
        refuse_unknown(c, KNOWN_PIPELINE | CONSTANTS, where)
        self.unmasked.add(f"{c['source']}>{c['target']}")
        features, seen, names = [], [], {}           # names: that of the case -> that of the program
        for f in c["pipeline"]:
            kind = FEATURES.get(f["type"])
            if kind is None:
                raise NotYet(f"{f['type']} in a pipeline")
            f = self.whole_feature(f, c)
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
            about += self.norm(self.told_number(f.get("norm")), f"per post {each} of signed sum", at)
            features.append((kind if own == kind else f"{own} : {kind}") + " = " + (self.use(f["value"]) if f.get("value") else "1") + self.block(about + learn))
        activity = f"activity_{c['source']}_{c['target']}"
        if activity in self.case["expected"]:
            self.shown(activity, name + ".activity.total")
            features.append("activity = 1")
        return features

    def whole_feature(self, f, c):
        """A feature with what its connection says of all rules (4.9), and its value as an array."""
        shape, name = [self.size(c["source"]), self.size(c["target"])], f"value_{c['source']}_{c['target']}_{f['name']}"
        out = {**f, "value": self.named(f.get("value"), shape, name)}
        rule = f.get("rule")
        if rule and rule["name"] in RULES:
            known = KNOWN_RULE | set(RULES[rule["name"]].params)
            out["rule"] = {**{key: c[key] for key in CONSTANTS & known if key in c}, **rule}
            if rule.get("nu") is None:
                out["rule"]["nu"] = [0.2, 0.1]       # Q40
        return out

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
        order = [(other, g) for other in self.case["connections"] for g in other.get("pipeline", []) if g["type"] == f["type"]]
        places = list(self.layers)                   # with one_step each layer asks its connections
        by_layer = sorted(order, key=lambda one: places.index(one[0]["target"]))
        own, mine = f"draw_bernoulli_{c['source']}_{c['target']}_{f['name']}", (c["source"], c["target"], f["name"])
        if self.is_known(own):
            drawn, order, by_layer = self.array(own), [(c, f)], [(c, f)]
        elif self.is_known("draw_bernoulli"):
            drawn = self.array("draw_bernoulli")
        else:
            raise NotYet(f"{at} without the draws")
        starts = []                                  # where those of this feature begin in a step, in either order
        for one in (order, by_layer):
            sizes = [self.size(x["source"]) * self.size(x["target"]) for x, _ in one]
            which = next(k for k, (x, g) in enumerate(one) if (x["source"], x["target"], g["name"]) == mine)
            starts.append(sum(sizes[:which]))
        steps, size, whole = self.case["steps"], self.size(c["source"]) * self.size(c["target"]), sum(sizes)
        if len(drawn.data) != steps * whole:
            raise NotYet(f"{at}: draws of shape {list(drawn.shape)} for {len(order)} features")
        first = [starts[bool(run.get("one_step"))] for run in self.case["runs"] for _ in range(run["steps"])]
        rows = (0.0 if drawn.data[step * whole + first[step] + k] else 1.0 for step in range(steps) for k in range(size))
        file = f"draw_{c['source']}_{c['target']}_{f['name']}.npy"
        self.files[file] = npy.make((steps, *self.array(f["value"]).shape), "f4", rows)
        self.draws.append(f'draws {variable}.pass from "{file}"')

    def block(self, about):
        return f" {{ {' ; '.join(about)} }}" if about else ""

    def several(self, x, weights, targets, where, absent=None):
        """One number, or a list that meets the weights as arrays of NumPy do: of each target, or in their shape. A text is
        the name of an array. On a list of synapses a list might be one of each synapse: there it is a matrix of one row."""
        if is_scalar(x):
            return number(x)
        shape, values = (self.array(x).shape, list(self.array(x).data)) if isinstance(x, str) else (extents(x), flat(x))
        wanted = self.array(weights).shape
        shape = (1,) * (len(wanted) - len(shape)) + tuple(shape)
        if any(have not in (1, want) for have, want in zip(shape, wanted)) or len(shape) != len(wanted):
            if len(values) != targets or isinstance(x, str):
                raise NotYet(f"{where}: {len(values)} values for weights of shape {list(wanted)}")
        elif shape[:-1] != (1,) * (len(shape) - 1) or shape[-1] != targets or weights in self.listed:
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

    def norm(self, norm, how, where, taps=1):
        """One sum, or a list of them; taps: what BindsNET multiplies it with."""
        if norm is None:
            return []
        values = [number(x * taps) for x in flat(norm)]
        return [f"norm {values[0] if is_scalar(norm) else '[' + ', '.join(values) + ']'} {how}"]

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
            args.append(f"reward = {self.signal_of('reward', c)}")
            for field in sorted(model.amplitudes & self.amplitudes()):
                args.append(f"{field} = {self.signal_of(field, c)}")
        for field, param in model.params.items():
            if rule.get(field) is not None:
                args.append(f"{param} = {self.time_of(rule[field], c, weights, field, where)}")
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

    def time_of(self, x, c, weights, field, where):
        """A time constant of a rule: a number, or one of each neuron that has the trace, or of each synapse."""
        if is_scalar(x):
            return number(x) + " ms"
        if field == "tc_plus":                       # of the sources (6.6)
            n = self.size(c["source"])
            x = [[v] for v in spread(flat(x), extents(x), [n], f"{where}: {field}")]
        return self.several(x, weights, self.size(c["target"]), f"{where}: {field}")

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
