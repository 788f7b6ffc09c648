"""random_parts.py: layers, rules and connections drawn at random, as cases of the golden format say them (see random_cases.py)."""
import numpy as np


# ---- a case in the making -------------------------------------------------------------------------------

class Draft:
    def __init__(self, rng):
        self.rng, self.arrays, self.expected = rng, {}, {}
        self.case = {}

    def array(self, name, values, dtype="f4"):
        self.arrays[name] = np.asarray(values, np.dtype(dtype))
        return name

    def normal(self, *shape):
        return np.array([self.rng.gauss(0, 1) for _ in range(int(np.prod(shape)))], "f4").reshape(shape)

    def uniform(self, lo, hi, *shape):
        return np.array([self.rng.uniform(lo, hi) for _ in range(int(np.prod(shape)))], "f4").reshape(shape)

    def chance(self, p):
        return self.rng.random() < p

    def bits(self, p, *shape):
        return np.array([self.rng.random() < p for _ in range(int(np.prod(shape)))], "u1").reshape(shape)


def rounded(x, digits=4):
    return float(f"{x:.{digits}g}")


def shape_of(d, size=None, axes=None):
    """A random shape of one to four axes and 4 to 12 neurons."""
    axes = axes or d.rng.choice([1, 1, 1, 2, 2, 3, 4])
    while True:
        shape = [d.rng.randint(1, 5) for _ in range(axes)] if axes > 1 else [d.rng.randint(3, 12)]
        if 3 <= np.prod(shape) <= 14:
            return shape


def nested(values, shape):
    """One value per neuron in the form of the layer."""
    return np.array(values, dtype=object).reshape(shape).tolist()


def broadcast(d, values, shape):
    """Now and then fewer values than neurons, which meet a layer of several axes as NumPy has it."""
    if len(shape) == 1 or not d.chance(0.25):
        return nested(values, shape)
    some = [1 if d.chance(0.5) else extent for extent in shape]
    return nested(values[:int(np.prod(some))], some)


def per_neuron(d, layer, field, spread, p=0.2):
    """Now and then one value per neuron around the given one."""
    if d.chance(p):
        x = layer[field]
        n = int(np.prod(layer["shape"]))
        layer[field] = broadcast(d, [rounded(x + d.rng.uniform(-spread, spread)) for _ in range(n)], layer["shape"])


# ---- layers ------------------------------------------------------------------------------------------------

def traces(d, layer, always=False, per=True):
    layer["traces"] = always or d.chance(0.8)
    layer["traces_additive"] = d.chance(0.35)
    layer["tc_trace"] = rounded(d.rng.choice([20.0, d.rng.uniform(3, 40)]))
    layer["trace_scale"] = d.rng.choice([1.0, 1.0, rounded(d.rng.uniform(0.2, 1.5), 2)])
    layer["sum_input"] = d.chance(0.25)
    if per:
        per_neuron(d, layer, "tc_trace", 2, 0.12)
        per_neuron(d, layer, "trace_scale", 0.1, 0.1)


def lif(d, layer, rest=-65.0, thresh=-52.0, tau=100.0):
    layer.update(thresh=rounded(thresh + d.rng.choice([0, d.rng.uniform(-6, 4)])), rest=rest,
                 reset=rounded(rest + d.rng.choice([0, 0, d.rng.uniform(-4, 6)])),
                 refrac=d.rng.choice([5, 0, 1, 2, 3, 5, 2.5]), tc_decay=rounded(d.rng.choice([tau, d.rng.uniform(5, 150)])),
                 lbound=d.rng.choice([None, None, rounded(rest - d.rng.uniform(0, 3))]))
    per_neuron(d, layer, "thresh", 2)
    per_neuron(d, layer, "tc_decay", 4)
    per_neuron(d, layer, "reset", 2, 0.1)
    per_neuron(d, layer, "rest", 0.5, 0.1)
    if d.chance(0.1):
        n = int(np.prod(layer["shape"]))
        layer["refrac"] = nested([d.rng.randint(0, 6) for _ in range(n)], layer["shape"])
    if layer["lbound"] is not None:
        per_neuron(d, layer, "lbound", 1, 0.2)


def adaptive(d, layer):
    layer["theta_plus"] = rounded(d.rng.choice([0.05, d.rng.uniform(0.1, 2)]))
    layer["tc_theta_decay"] = rounded(d.rng.choice([1e7, d.rng.uniform(20, 300)]))
    per_neuron(d, layer, "theta_plus", 0.04, 0.15)
    per_neuron(d, layer, "tc_theta_decay", 5, 0.1)
    if d.chance(0.5):
        layer["state"] = {"theta": d.array(f"node_theta_{layer['name']}", d.uniform(0, 2, *layer["shape"]))}


def make_layer(d, name, kind, shape):
    if kind == "IzhikevichNodes":
        shape = [int(np.prod(shape))]                # BindsNET's knows no others
    layer = {"name": name, "type": kind, "shape": shape}
    traces(d, layer)
    if kind == "McCullochPitts":
        layer["thresh"] = rounded(d.rng.choice([1.0, d.rng.uniform(0.5, 3)]))
        per_neuron(d, layer, "thresh", 0.2)
    elif kind == "IFNodes":
        lif(d, layer)
        for field in ("rest", "tc_decay"):
            del layer[field]
    elif kind == "BoostedLIFNodes":
        lif(d, layer, rest=0.0, thresh=13.0)
        for field in ("rest", "reset", "lbound"):
            del layer[field]
    elif kind == "LIFNodes":
        lif(d, layer)
    elif kind == "CurrentLIFNodes":
        lif(d, layer)
        layer["tc_i_decay"] = rounded(d.rng.choice([2.0, d.rng.uniform(1, 20)]))
        per_neuron(d, layer, "tc_i_decay", 0.5)
    elif kind in ("AdaptiveLIFNodes", "DiehlAndCookNodes"):
        lif(d, layer)
        adaptive(d, layer)
        if kind == "DiehlAndCookNodes":
            layer["one_spike"] = d.chance(0.5)
    elif kind == "SRM0Nodes":
        lif(d, layer, rest=-70.0, thresh=-50.0, tau=10.0)
        layer.update(eps_0=d.rng.choice([1.0, rounded(d.rng.uniform(0.5, 2))]), rho_0=d.rng.choice([1.0, rounded(d.rng.uniform(0.5, 2))]),
                     d_thresh=d.rng.choice([5.0, rounded(d.rng.uniform(2, 8))]))
        per_neuron(d, layer, "eps_0", 0.2, 0.1)
        per_neuron(d, layer, "rho_0", 0.2, 0.1)
        per_neuron(d, layer, "d_thresh", 1, 0.1)
    elif kind == "IzhikevichNodes":
        layer.update(thresh=d.rng.choice([45.0, 30.0]), rest=-65.0, lbound=d.rng.choice([None, None, -70.0]), excitatory=d.rng.choice([1.0, 0.75, 0.0]))
        n = int(np.prod(shape))
        exc = np.arange(n) < int(n * layer["excitatory"])
        r = d.uniform(0, 1, n)
        S = d.uniform(0, 1, n, n) * np.where(exc, 0.5, -1.0)[None, :]
        per = dict(a=np.where(exc, 0.02, 0.02 + 0.08 * r), b=np.where(exc, 0.2, 0.25 - 0.05 * r),
                   c=np.where(exc, -65 + 15 * r ** 2, -65), d=np.where(exc, 8 - 6 * r ** 2, 2))
        layer["state"] = {k: d.array(f"node_{k}_{name}", v.reshape(shape)) for k, v in per.items()}
        layer["state"]["S"] = d.array(f"node_S_{name}", S)
    elif kind == "CSRMNodes":
        kernels = ["ExponentialKernel", "AlphaKernel", "AlphaKernelSLAYER", "LaplacianKernel", "TriangularKernel"]
        layer.update(rest=-65.0, thresh=-52.0, responseKernel=d.rng.choice(kernels),
                     refractoryKernel="EtaKernel", tau=rounded(d.rng.uniform(1, 6), 2), res_window_size=d.rng.randint(2, 25),
                     ref_window_size=d.rng.randint(1, 12), reset_const=rounded(d.rng.uniform(10, 60), 2),
                     tc_decay=rounded(d.rng.uniform(40, 150)), theta_plus=0.0, tc_theta_decay=0.0,
                     lbound=d.rng.choice([None, -66.0]), sum_input=False)
        adaptive(d, layer)
    return layer


# ---- rules ---------------------------------------------------------------------------------------------------

def rule_for(d, c, source, target, families, bounds, scale=1.0, pipeline=False):
    name = d.rng.choice(families)
    if name == "WeightDependentPostPre" and None in bounds:
        name = "PostPre"
    rule = {"name": name, "nu": [0.0, 0.0], "reduction": "sum" if pipeline else d.rng.choice(["sum", "mean"])}
    if name == "NoOp":
        return rule
    third = name in ("MSTDP", "MSTDPET", "Rmax")
    rates = [rounded(scale * d.rng.uniform(0.001, 0.05)) * (4 if name == "MSTDPET" else 1) for _ in range(2)]
    if third:
        rates[1] = 0.0
    elif d.chance(0.2):
        rates[d.rng.randint(0, 1)] = 0.0
    rule["nu"] = rates
    if d.chance(0.15) and c["type"] in ("Connection", "LocalConnection", "MulticompartmentConnection"):
        n = int(np.prod(target["shape"]))
        rule["nu"] = [[rounded(scale * d.rng.uniform(0.001, 0.05)) for _ in range(n)] if rate or not third else 0.0 for rate in rates]
        if third:
            rule["nu"][1] = d.rng.choice([0.0, [0.0] * n])
    if third and name != "Rmax":
        rule.update(tc_plus=rounded(d.rng.uniform(5, 30)), tc_minus=rounded(d.rng.uniform(5, 30)))
        for field, layer in (("tc_plus", source), ("tc_minus", target)):     # of each neuron
            if c["type"] in ("Connection", "MulticompartmentConnection") and d.chance(0.1):
                rule[field] = nested([rounded(d.rng.uniform(5, 30)) for _ in range(int(np.prod(layer["shape"])))], layer["shape"])
    if name in ("MSTDPET", "Rmax"):
        rule["tc_e_trace"] = rounded(d.rng.uniform(10, 50))
    if name == "Rmax":
        rule["tc_c"] = rounded(d.rng.uniform(2, 10))
    if pipeline and name in ("PostPre", "MSTDP", "MSTDPET") and d.chance(0.35):
        rule.update(average_update=d.rng.randint(1, 7), continues_update=d.chance(0.5))
    return rule


def families_of(c, source, target):
    """The rules that may act on a connection; those of a replay that goes beyond BindsNET (Q31, Q35-Q38) among them."""
    out, plain = ["NoOp"], c["type"] in ("Connection", "LocalConnection", "SparseConnection")
    pipeline = c["type"] == "MulticompartmentConnection"
    if source["traces"] and target["traces"]:
        out += ["PostPre", "PostPre", "Hebbian", "WeightDependentPostPre"] + (["PostPre"] if pipeline else [])
    out += ["MSTDP", "MSTDP", "MSTDPET"]
    if (plain or pipeline) and target["type"] == "SRM0Nodes" and source["traces"]:
        out += ["Rmax"] * 4
    return out


# ---- connections -----------------------------------------------------------------------------------------------

GAP = {"McCullochPitts": 1.0, "IzhikevichNodes": 12.0, "CSRMNodes": 10.0, "SRM0Nodes": 12.0}


def strength(d, target, fan, boost):
    """A weight so that about a tenth of `fan` sources makes the target spike after some steps."""
    return boost * GAP.get(target["type"], 13.0) * d.rng.uniform(0.5, 1.5) / (0.2 * fan + 1)


def bounds_of(d, w):
    lo, hi = float(w.min()), float(w.max())
    low = d.rng.choice([0.0 if lo >= 0 else rounded(lo - 0.1), rounded(lo - abs(lo) * 0.2 - 0.01), None])
    high = d.rng.choice([rounded(hi + 0.2 * abs(hi) + 0.01), rounded(hi + 0.01 + 1e-3 * abs(hi)), None])
    if low is not None and low > lo:
        low = rounded(lo - 0.01 - 1e-3 * abs(lo))
    return low, high


def dense(d, source, target, boost, batch, rule=True):
    n, m = (int(np.prod(x["shape"])) for x in (source, target))
    c = {"source": source["name"], "target": target["name"], "type": "Connection"}
    top = strength(d, target, n, boost)
    w = d.uniform(0, top, n, m)
    sign = d.rng.choice(["plus", "plus", "mixed", "minus"] if source is not target else ["minus", "mixed"])
    if sign == "mixed":
        w = w - np.float32(top / 4)
    elif sign == "minus" and source is target:
        w = -w
    if d.chance(0.2):
        w = w * d.bits(0.7, n, m)
    key = f"{c['source']}_{c['target']}"
    low, high = bounds_of(d, w)
    c.update(w=d.array(f"init_w_{key}", w), b=None, wmin=low, wmax=high, norm=None, weight_decay=0.0)
    if d.chance(0.25):
        c["b"] = d.array(f"init_b_{key}", d.uniform(-0.2, 0.4, m))
    if d.chance(0.3):
        c["norm"] = norm_for(d, np.abs(w))
    if d.chance(0.25):
        c["weight_decay"] = rounded(d.rng.uniform(1e-4, 2e-2), 2)
    c["rule"] = rule_for(d, c, source, target, families_of(c, source, target) if rule else ["NoOp"], (low, high), top)
    per_synapse(d, c, c["rule"], w)
    if d.chance(0.08) and is_number(c["wmax"]) and not c["norm"]:          # the first weights are clipped (4.1)
        c["wmax"] = rounded(float(w.min() + 0.8 * (w.max() - w.min())))
        if is_number(low) and low >= c["wmax"]:
            c["wmax"] = high
    if d.chance(0.12) and target["type"] != "CSRMNodes":
        c["type"] = "SparseConnection" if (w == 0).any() and d.chance(0.5) and not c["b"] else c["type"]
    holds_zero = all(x is None or is_number(x) and x * sign <= 0 for x, sign in ((c["wmin"], 1), (c["wmax"], -1)))
    if c["type"] == "Connection" and holds_zero and d.chance(0.12):         # what Dale's rule was meant to be (Q18)
        c["Dales_rule"] = [d.chance(0.8) for _ in range(n)] if d.chance(0.5) else d.array(f"dale_{key}", d.bits(0.8, n, m), "u1")
    return c


def is_number(x):
    return x is not None and not isinstance(x, list)


def norm_for(d, w):
    """A sum for all targets, or one for each."""
    sums = w.sum(0)
    if d.chance(0.15):
        return [rounded(float(x if x else 1) * d.rng.uniform(0.7, 1.3)) for x in sums]
    return rounded(float(sums.mean()) * d.rng.uniform(0.7, 1.3))


def around(d, x, w, widen):
    """A number for each weight, or for each source: near x."""
    shape = d.rng.choice([w.shape, (w.shape[0],) + (1,) * (w.ndim - 1)])
    return np.array([float(f"{x + widen * d.rng.random():.4g}") for _ in range(int(np.prod(shape)))]).reshape(shape).tolist()


def per_synapse(d, c, rule, w):
    """Now and then rates and bounds of each synapse."""
    if rule["name"] in ("Hebbian", "WeightDependentPostPre", "MSTDP") and d.chance(0.12):
        rule["nu"] = [around(d, x, w, x) if not isinstance(x, list) and x else x for x in rule["nu"]]
    if rule["name"] != "NoOp" and d.chance(0.12):
        for field, sign in (("wmin", -1), ("wmax", 1)):
            if c[field] is not None and d.chance(0.7):
                c[field] = around(d, c[field], w, sign * 0.2 * float(np.abs(w).max()))


def pipeline(d, source, target, boost, batch):
    n, m = (int(np.prod(x["shape"])) for x in (source, target))
    c = {"source": source["name"], "target": target["name"], "type": "MulticompartmentConnection", "pipeline": []}
    key, top, names = f"{c['source']}_{c['target']}", strength(d, target, n, boost), set()
    kinds = ["Weight"] + d.rng.choices(["Weight", "Bias", "Mask", "Intensity", "Probability", "Degradation", "Adaptation"], k=d.rng.choice([0, 0, 1, 1, 2, 3]))
    kinds += ["Probability"] * (2 if d.chance(0.12) else "Probability" in kinds and d.chance(0.4))
    if batch > 1 or not d.chance(0.5):
        kinds = [k for k in kinds if k != "Adaptation"]
    d.rng.shuffle(kinds)
    first = True
    for kind in kinds:
        name = kind.lower()
        while name in names:
            name += "2"
        names.add(name)
        f = {"type": kind, "name": name}
        if kind == "Weight":
            span = top if first else 1.5
            w = d.uniform(0, span, n, m)
            if d.chance(0.3):
                w = w - np.float32(span / 4)
            if source is target:
                w = -w
            first = False
            low, high = bounds_of(d, w)
            f.update(value=d.array(f"init_{key}_{name}", w), norm_frequency=d.rng.choice(["sample", "sample", "time step"]), range=[low, high],
                     norm=None, decay=0.0)
            if d.chance(0.3) and (w > 0).all():
                f["norm"] = norm_for(d, w)
            if d.chance(0.25):
                f["decay"] = rounded(d.rng.uniform(1e-4, 1e-2), 2)
            f["rule"] = rule_for(d, c, source, target, families_of(c, source, target), (low, high), span, True)
            if not f["norm"] and d.chance(0.12):     # what it was meant to be (Q32)
                f["enforce_polarity"] = True
                f["range"] = [x if x is None or x * sign < 0 else sign * rounded(2 * float(np.abs(w).max())) for x, sign in zip(f["range"], (-1, 1))]
                if f["rule"]["name"] == "WeightDependentPostPre" and None in f["range"]:
                    f["rule"]["name"] = "PostPre"
        elif kind == "Bias":
            f.update(value=d.array(f"init_{key}_{name}", d.uniform(-0.05, 0.1, n, m)), range=[None, None], norm=None)
            if d.chance(0.3):                        # any rule on any feature
                f.update(range=[-0.1, 0.2], decay=d.rng.choice([0.0, 0.001]),
                         rule=rule_for(d, c, source, target, families_of(c, source, target), (-0.1, 0.2), 0.02, True))
        elif kind == "Mask":
            f.update(value=d.array(f"init_{key}_{name}", d.bits(0.75, n, m), "u1"))
        elif kind == "Intensity":
            f.update(value=d.array(f"init_{key}_{name}", d.rng.choice([np.sign(d.uniform(-0.3, 1, n, m)), d.uniform(-0.3, 1, n, m)])), range=[-1.0, 1.0])
            if d.chance(0.3):
                f.update(decay=0.0, rule=rule_for(d, c, source, target, families_of(c, source, target), (-1.0, 1.0), 0.2, True))
        elif kind == "Probability":
            f.update(value=d.array(f"init_{key}_{name}", d.uniform(0.2, 0.95, n, m)), range=[0.05, 1.0], norm=None, decay=0.0)
            f["rule"] = rule_for(d, c, source, target, families_of(c, source, target), (0.0, 1.0), 0.2, True)
            parents = [g for g in c["pipeline"] if g["type"] == "Probability" and not g.get("parent_feature")]
            if parents and d.chance(0.7):
                f.update(parent_feature=parents[0]["name"], value=parents[0]["value"], rule={"name": "NoOp", "nu": [0.0, 0.0], "reduction": "sum"})
        elif kind == "Degradation":
            f.update(value=d.array(f"init_{key}_{name}", d.uniform(0, 0.1, n, m)), factor=rounded(d.rng.uniform(-0.3, 0.6), 2))
        else:
            H, K = d.rng.randint(1, 6), d.rng.randint(2, 12)
            f.update(type=d.rng.choice(["AdaptationBaseSynapsHistory", "AdaptationBaseOtherSynaps"]),
                     value=d.array(f"init_{key}_{name}", d.uniform(-0.3, 1, n, m)), ann_hidden=d.array(f"hidden_{key}_{name}", d.normal(H, K)),
                     ann_out=d.array(f"out_{key}_{name}", d.normal(1, H)), const_update_rate=rounded(d.rng.uniform(0.05, 0.7), 2),
                     const_decay=d.rng.choice([0.001, 0.01]))
        c["pipeline"].append(f)
    c["traces"] = d.chance(0.25)                     # `activity` is kept
    c["manual_update"] = d.chance(0.06)
    return c


def windowed(d, name, word, rank, batch):
    """(source layer, target layer, connection) of a convolution, a local connection or a pool of 1 to 3 dimensions."""
    while True:
        one = word == "Local"
        channels = 1 if one else d.rng.randint(1, 3)
        if word == "MaxPool" and batch > 1:
            channels = d.rng.randint(2, 3)
        extents = [d.rng.randint(2, {1: 12, 2: 7, 3: 4}[rank]) for _ in range(rank)]
        kernel = [d.rng.randint(1, 4) for _ in range(rank)]
        stride = [d.rng.randint(1, 3) for _ in range(rank)]
        padding = [d.rng.randint(0, 1) if word != "Local" and k > 1 else 0 for k in kernel]
        if word == "MaxPool":
            padding = [p if 2 * p <= k else 0 for p, k in zip(padding, kernel)]
        out = [(e + 2 * p - k) // s + 1 for e, k, s, p in zip(extents, kernel, stride, padding)]
        if all(e >= k for e, k in zip(extents, kernel)) and min(out) >= 1 and np.prod(extents) * channels <= 100 and np.prod(out) <= 40:
            break
    filters = channels if word == "MaxPool" else d.rng.randint(1, 3)
    source, target = [channels, *extents], [filters, *out]
    if one and d.chance(0.3):
        target = [filters, int(np.prod(out))]
    plain = d.chance(0.5) and rank == 1
    c = {"type": {"Conv": f"Conv{rank}dConnection", "Local": f"LocalConnection{rank}D", "MaxPool": f"MaxPool{rank}dConnection"}[word],
         "kernel_size": kernel[0] if plain else kernel, "stride": stride[0] if plain else stride}
    if word != "Local":
        c["padding"] = padding[0] if plain else padding
    if word == "Local":
        c["n_filters"] = filters
    if word == "MaxPool":
        c["decay"] = rounded(d.rng.uniform(0.02, 0.4), 2)
    return source, target, c, kernel, out


def fill_windowed(d, c, source, target, kernel, out, boost, batch):
    c["source"], c["target"] = source["name"], target["name"]
    if c["type"].startswith("MaxPool"):
        return c
    key, fan = f"{c['source']}_{c['target']}", int(np.prod(kernel)) * source["shape"][0]
    filters = target["shape"][0]
    shape = [filters, source["shape"][0], *kernel] if "Conv" in c["type"] else [source["shape"][0], filters * int(np.prod(out)), int(np.prod(kernel))]
    top = strength(d, target, fan, boost)
    w = d.uniform(0.05 * top, top, *shape) - np.float32(d.rng.choice([0, 0, top / 4]))
    low, high = bounds_of(d, w)
    c.update(w=d.array(f"init_w_{key}", w), b=None, wmin=low, wmax=high, norm=None, weight_decay=0.0)
    if "Conv" in c["type"] and d.chance(0.5):
        c["b"] = d.array(f"init_b_{key}", d.uniform(-0.1, 0.3, filters))
    if (w > 0).all() and d.chance(0.3):
        per = w.reshape(-1, int(np.prod(kernel)))
        c["norm"] = rounded(float(per.sum(1).mean()) * d.rng.uniform(0.7, 1.3))
    if d.chance(0.2):
        c["weight_decay"] = rounded(d.rng.uniform(1e-4, 1e-2), 2)
    share = 1 / np.prod(out) if "Conv" in c["type"] else 1
    c["rule"] = rule_for(d, c, source, target, families_of(c, source, target), (low, high), top * share)
    per_synapse(d, c, c["rule"], w)
    return c


def flat_local(d, source, target, extents, kernel, stride, filters, boost):
    """LocalConnection: a matrix with holes."""
    H, W = extents
    n, m = H * W, int(np.prod(target["shape"]))
    rows, columns = (H - kernel[0]) // stride[0] + 1, (W - kernel[1]) // stride[1] + 1
    w = np.zeros((n, m), "f4")
    top = strength(d, target, kernel[0] * kernel[1], boost)
    for f in range(filters):
        for p in range(rows * columns):
            for k in range(kernel[0] * kernel[1]):
                i = (p // columns * stride[0] + k // kernel[1]) * W + p % columns * stride[1] + k % kernel[1]
                w[i, f * rows * columns + p] = d.rng.uniform(0.05, 1) * top
    key = f"{source['name']}_{target['name']}"
    c = {"source": source["name"], "target": target["name"], "type": "LocalConnection", "kernel_size": kernel, "stride": stride,
         "n_filters": filters, "w": d.array(f"init_w_{key}", w), "b": None, "wmin": 0.0, "wmax": rounded(top * 1.2), "norm": None, "weight_decay": 0.0}
    if d.chance(0.3):
        c["b"] = d.array(f"init_b_{key}", d.uniform(-0.1, 0.3, m))
    if d.chance(0.4):
        c["norm"] = rounded(top * d.rng.uniform(0.4, 0.6))
    if d.chance(0.2):
        c["weight_decay"] = rounded(d.rng.uniform(1e-4, 1e-2), 2)
    c["rule"] = rule_for(d, c, source, target, families_of(c, source, target), (0.0, rounded(top * 1.2)), top)
    return c
