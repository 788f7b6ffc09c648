"""random_kinds.py: whole cases of each kind, drawn at random (see random_cases.py)."""
import numpy as np

from random_parts import (GAP, dense, fill_windowed, flat_local, make_layer, pipeline, rounded, shape_of, traces, windowed)


# ---- whole cases -----------------------------------------------------------------------------------------------

SPIKING = ["LIFNodes", "LIFNodes", "IFNodes", "BoostedLIFNodes", "CurrentLIFNodes", "AdaptiveLIFNodes", "DiehlAndCookNodes", "McCullochPitts",
           "IzhikevichNodes", "SRM0Nodes"]


def begin(d, kind):
    d.case = {"case": kind, "about": "made at random", "dt": d.rng.choice([1.0, 1.0, 1.0, 0.5, 2.0, 0.1, 0.25]), "batch": d.rng.choice([1, 1, 1, 2, 3, 4, 8]),
              "learning": d.chance(0.9), "steps": d.rng.randint(15, 60), "layers": [], "connections": [], "inputs": {}, "runs": [],
              "w_every": d.rng.choice([1, 1, 2, 3, 5])}


def input_layer(d, name="X", shape=None, values=None):
    layer = {"name": name, "type": "Input", "shape": shape or shape_of(d)}
    traces(d, layer, per=True)
    full = [d.case["steps"], d.case["batch"], *layer["shape"]]
    spikes = d.bits(d.rng.uniform(0.1, 0.4), *full)
    values = d.chance(0.1) if values is None else values
    if values:
        layer["sum_input"] = False
    d.case["inputs"][name] = d.array(f"in_{name}", spikes * d.uniform(0.3, 1.5, *full), "f4") if values else d.array(f"in_{name}", spikes, "u1")
    d.case["layers"].append(layer)
    return layer


def add_runs(d, reward):
    """Consecutive runs with everything that a run can say."""
    case, left = d.case, d.case["steps"]
    whole = d.chance(0.3)
    one_step = d.chance(0.12)
    resets = d.chance(0.8)
    learning = case["learning"]
    third = [c for c in case["connections"] if set(rule_names(c)) & THIRD]
    while left:
        steps = left if whole else min(left, d.rng.choice([1, 2, 5, 10, 20]))
        run = {"steps": steps}
        if case["runs"] and resets and d.chance(0.3):
            run["reset_before"] = True
        if case["runs"] and d.chance(0.2):
            learning = not learning
            run["learning"] = learning
        if one_step:
            run["one_step"] = True
        if reward:
            run["reward"] = rounded(d.rng.gauss(0, 1), 3)
            if reward == "items" and d.chance(0.6):
                run["reward"] = [[[rounded(d.rng.gauss(0, 1), 3)]] for _ in range(case["batch"])]
            if reward in ("pre", "post") and d.chance(0.6):
                layer = next(x for x in case["layers"] if x["name"] == third[0]["source" if reward == "pre" else "target"])
                values = [rounded(d.rng.gauss(0, 1), 3) for _ in range(int(np.prod(layer["shape"])))]
                run["reward"] = values if reward == "post" else [[x] for x in values]
            for field, low, high in (("a_plus", 0.5, 1.5), ("a_minus", -1.5, -0.3)):
                if d.chance(0.3):
                    run[field] = rounded(d.rng.uniform(low, high), 2)
                    if d.chance(0.3):                # for some connections
                        run[field] = {f"{c['source']}>{c['target']}": rounded(d.rng.uniform(low, high), 2) for c in third if d.chance(0.6)}
        left -= steps
        case["runs"].append(run)
    if not any(run.get("reset_before") for run in case["runs"]):
        for layer in case["layers"]:                 # a first voltage of its own
            if layer["type"] in ("LIFNodes", "IFNodes", "CurrentLIFNodes", "DiehlAndCookNodes") and d.chance(0.08):
                layer.setdefault("state", {})["v"] = d.array(f"node_v_{layer['name']}", d.uniform(-66, -60, *layer["shape"]))


def rows_of(d, layer, run):
    """[n], or a row per step, sometimes more rows than there are steps."""
    n = layer["shape"]
    return d.rng.choice([[run["steps"], *n], [run["steps"] + 3, *n], *([n] if len(n) == 1 else [])])


def add_controls(d):
    count = 0
    for at, run in enumerate(d.case["runs"]):
        for layer in d.case["layers"]:
            name = layer["name"]
            for field, p in (("clamp", 0.06), ("unclamp", 0.06)):
                if d.chance(0.25 if layer.get("one_spike") else p):
                    shape = rows_of(d, layer, run)
                    run.setdefault(field, {})[name] = d.array(f"{field}_{name}_{at}", d.bits(0.2, *shape), "u1")
            if "thresh" in layer and layer["type"] not in ("McCullochPitts",) and d.chance(0.06):
                shape = rows_of(d, layer, run)
                run.setdefault("injects_v", {})[name] = d.array(f"inject_{name}_{at}", d.uniform(-0.5, 2, *shape))
        for c in d.case["connections"]:
            if "w" in c and c["type"] != "MeanFieldConnection" and d.chance(0.08):
                mask = d.bits(0.2, *d.arrays[c["w"]].shape)
                if c["type"] == "LocalConnection" and d.chance(0.5):        # else others come into being
                    mask |= d.arrays[c["w"]] == 0
                ends = f"{c['source']}>{c['target']}"
                run.setdefault("masks", {})[ends] = d.array(f"mask_{c['source']}_{c['target']}_{at}", mask, "u1")


THIRD = {"MSTDP", "MSTDPET", "Rmax"}


def rule_names(c):
    return [r["name"] for r in (c.get("rule"), *(f.get("rule") for f in c.get("pipeline", []))) if r]


def finish(d, controls=True):
    third = [c for c in d.case["connections"] if set(rule_names(c)) & THIRD]
    reward, names = bool(third), {name for c in third for name in rule_names(c)} & THIRD
    square = all(c["type"] in ("Connection", "MulticompartmentConnection") for c in third)
    if third and square and "Rmax" not in names and d.case["batch"] > 1 and d.chance(0.4):
        reward = "items"
    elif third and square and names == {"MSTDP"} and len(third) == 1 and third[0]["source"] != third[0]["target"] and d.chance(0.3):
        reward = d.rng.choice(["pre", "post"])
    add_runs(d, reward)
    if controls and d.chance(0.3):
        add_controls(d)


def drive(d, layer, boost):
    """A current into a layer that is no Input."""
    full = [d.case["steps"], d.case["batch"], *layer["shape"]]
    gap = GAP.get(layer["type"], 13.0)
    d.case["inputs"][layer["name"]] = d.array(f"in_{layer['name']}", d.uniform(-0.1 * gap * boost, 0.35 * gap * boost, *full))


def node_case(d, boost):
    begin(d, "node")
    kind = d.rng.choice(SPIKING)
    y = make_layer(d, "Y", kind, shape_of(d))
    if d.chance(0.6):
        x = input_layer(d)
        d.case["connections"].append(dense(d, x, y, boost, d.case["batch"], rule=d.chance(0.3)))
    else:
        drive(d, y, boost)
    d.case["layers"].append(y)
    if d.case["inputs"] and d.case["connections"] and d.chance(0.2):
        drive(d, y, boost)
    finish(d)


def csrm_case(d, boost):
    begin(d, "csrm")
    d.case["dt"] = 1.0
    x = input_layer(d, shape=shape_of(d, axes=1), values=False)
    y = make_layer(d, "Y", "CSRMNodes", shape_of(d, axes=1))
    d.case["layers"].append(y)
    d.case["connections"].append(dense(d, x, y, boost * 0.3, d.case["batch"]))
    if d.chance(0.3):
        d.case["connections"].append(dense(d, y, y, boost * 0.1, d.case["batch"]))
    finish(d, False)


def rule_case(d, boost):
    begin(d, "rule")
    x = input_layer(d)
    y = make_layer(d, "Y", d.rng.choice(SPIKING), shape_of(d))
    x["traces"] = y["traces"] = True
    d.case["layers"].append(y)
    d.case["connections"].append(dense(d, x, y, boost, d.case["batch"]))
    if d.chance(0.3):
        d.case["connections"].append(dense(d, y, y, boost, d.case["batch"]))
    finish(d)


def mcc_case(d, boost):
    begin(d, "mcc")
    x = input_layer(d)
    y = make_layer(d, "Y", d.rng.choice(SPIKING), shape_of(d))
    x["traces"] = y["traces"] = True
    d.case["layers"].append(y)
    d.case["connections"].append(pipeline(d, x, y, boost, d.case["batch"]))
    if d.chance(0.2):
        d.case["connections"].append(d.rng.choice([dense, pipeline])(d, y, y, boost, d.case["batch"]))
    finish(d)


def window_case(d, boost):
    begin(d, "conn")
    batch = d.case["batch"]
    word = d.rng.choice(["Conv", "Conv", "Local", "MaxPool"])
    source, target, c, kernel, out = windowed(d, "X_Y", word, d.rng.choice([1, 2, 3]), batch)
    x = input_layer(d, shape=source, values=False if word == "MaxPool" else None)
    y = make_layer(d, "Y", d.rng.choice(["LIFNodes", "LIFNodes", *SPIKING[:7]]), target)
    if d.chance(0.8):
        x["traces"] = y["traces"] = True
    d.case["layers"].append(y)
    if word == "MaxPool":
        y["type"], y["name"] = "LIFNodes", "Y"
        y = d.case["layers"][-1] = make_layer(d, "Y", "LIFNodes", target)
        y.update(thresh=rounded(-65 + d.rng.uniform(0.5, 2.5)), rest=-65.0, reset=-65.0, refrac=1)
    d.case["connections"].append(fill_windowed(d, c, x, y, kernel, out, boost, batch))
    if d.chance(0.3):
        z = make_layer(d, "Z", d.rng.choice(SPIKING[:7]), shape_of(d))
        d.case["layers"].append(z)
        d.case["connections"].append(dense(d, y, z, boost, batch))
    finish(d)


def local_case(d, boost):
    begin(d, "local")                                # with what BindsNET does wrongly: batches, images that are not square (Q24, Q25)
    extents = [d.rng.randint(3, 7)] * 2
    if d.chance(0.3):
        extents[1] = d.rng.randint(3, 7)
    kernel, stride = [d.rng.randint(1, min(extents) - 1)] * 2, [d.rng.randint(1, 2)] * 2
    if d.chance(0.3):
        kernel = [d.rng.randint(1, extents[0] - 1), kernel[1]]
    filters = d.rng.randint(1, 3)
    positions = int(np.prod([(side - k) // s + 1 for side, k, s in zip(extents, kernel, stride)]))
    x = input_layer(d, shape=[extents[0] * extents[1]])
    y = make_layer(d, "Y", d.rng.choice(SPIKING[:7]), [filters * positions])
    x["traces"] = y["traces"] = True
    d.case["layers"].append(y)
    d.case["connections"].append(flat_local(d, x, y, extents, kernel, stride, filters, boost))
    finish(d)


def mean_field_case(d, boost):
    begin(d, "field")
    x = input_layer(d)
    y = make_layer(d, "Y", d.rng.choice(SPIKING[:7]), shape_of(d))
    d.case["layers"].append(y)
    m = int(np.prod(y["shape"]))
    w = d.uniform(5, 20, *y["shape"]) * np.float32(boost)
    if len(y["shape"]) > 1 and d.chance(0.5):
        w = w.reshape(y["shape"])
    if d.chance(0.2):
        w = w.reshape(-1)[:1].reshape(())
    d.case["connections"].append({"source": "X", "target": "Y", "type": "MeanFieldConnection", "w": d.array("init_w_X_Y", w), "b": None,
                                  "wmin": None, "wmax": None, "norm": None, "weight_decay": 0.0,
                                  "rule": {"name": "NoOp", "nu": [0.0, 0.0], "reduction": "sum"}})
    if w.shape and d.chance(0.3):
        d.case["connections"][0]["norm"] = rounded(float(w.sum()) * d.rng.uniform(0.8, 1.2))
    finish(d)


def net_case(d, boost):
    begin(d, "net")
    batch = d.case["batch"]
    names = ["X", "Y", "Z", "U", "W"][:d.rng.randint(3, 5)]
    layers = [input_layer(d)]
    if d.chance(0.2):
        layers.append(input_layer(d, "X2"))
    for name in names[1:]:
        y = make_layer(d, name, d.rng.choice(SPIKING), shape_of(d))
        d.case["layers"].append(y)
        layers.append(y)
    for at, y in enumerate(layers):
        if y["type"] == "Input":
            continue
        sources = {layers[at - 1]["name"]: layers[at - 1]}
        for extra in layers:
            if d.chance(0.15):
                sources[extra["name"]] = extra
        for x in sources.values():
            c = pipeline(d, x, y, boost, batch) if d.chance(0.35) else dense(d, x, y, boost, batch)
            d.case["connections"].append(c)
        if d.chance(0.1):
            drive(d, y, 0.5)
    if d.chance(0.1):                                # an Input that something is connected to passes the sum on
        c = dense(d, layers[-1], layers[0], 0.05, batch)
        d.case["connections"].append({**c, "norm": None})
    if d.chance(0.3):
        first = d.case["layers"][0]
        d.case["layers"].remove(first)
        d.case["layers"].insert(d.rng.randint(0, len(d.case["layers"])), first)
    finish(d)


def encoding_case(d, boost):
    function = d.rng.choice(["poisson", "single", "repeat", "rank_order"])
    dt = d.rng.choice([1.0, 1.0, 0.5]) if function == "poisson" else 1.0
    shape, time = shape_of(d), d.rng.randint(5, 80)
    d.case = {"case": "encode", "about": "made at random", "dt": dt, "kind": "encoding", "function": function, "time": time}
    datum = d.uniform(0.05, 1, *shape) * d.bits(0.8, *shape)
    datum.reshape(-1)[0] = 0.7
    if function == "single":
        d.case["sparsity"] = rounded(d.rng.uniform(0.1, 0.9), 2)
    if function == "repeat" and d.chance(0.5):
        datum = d.bits(0.5, *shape)
    if function == "poisson":
        datum = datum * 150
        steps = int(time / dt)
        mean = np.where(datum != 0, 1000 / (dt * np.where(datum == 0, 1, datum)), 0).reshape(-1)
        rng = np.random.default_rng(d.rng.randint(0, 2**31))
        d.array("intervals", rng.poisson(mean, (steps + 1, mean.size)).reshape(steps + 1, *shape), "f4")
    d.array("datum", datum, datum.dtype)
    d.expected["out"] = np.zeros([int(time / dt), *shape], "f4" if function == "repeat" and datum.dtype != np.uint8 else "u1")


def evaluation_case(d, boost):
    samples, steps, n, labels = d.rng.randint(2, 25), d.rng.randint(5, 30), d.rng.randint(3, 12), d.rng.randint(2, 6)
    d.case = {"case": "evaluate", "about": "made at random", "kind": "evaluation", "n_labels": labels, "alpha": d.rng.choice([1.0, rounded(d.rng.uniform(0.3, 1))]),
              "ngram_n": d.rng.randint(1, 3)}
    d.array("spikes", d.bits(d.rng.uniform(0.02, 0.3), samples, steps, n), "u1")
    d.array("labels", [d.rng.randrange(labels) for _ in range(samples)], "i8")
    if d.chance(0.5):
        d.array("old_rates", d.uniform(0, 5, n, labels))
    for key, shape, dtype in (("assignments", [n], "i8"), ("proportions", [n, labels], "f4"), ("rates", [n, labels], "f4"),
                              ("all_activity", [samples], "i8"), ("proportion_weighting", [samples], "i8"), ("ngram", [samples], "i8")):
        d.expected[key] = np.zeros(shape, dtype)


KINDS = {"node": node_case, "csrm": csrm_case, "rule": rule_case, "mcc": mcc_case, "conn": window_case, "local": local_case, "field": mean_field_case,
         "net": net_case, "encode": encoding_case, "evaluate": evaluation_case}
WEIGHTS = {"node": 4, "csrm": 1, "rule": 4, "mcc": 4, "conn": 4, "local": 1, "field": 0.5, "net": 5, "encode": 0.7, "evaluate": 0.7}
