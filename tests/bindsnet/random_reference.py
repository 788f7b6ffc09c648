"""random_reference.py: a replay of cases in NumPy, told what is beyond it (see random_cases.py).

The replay computes what BindsNET does. Where the list of quirks (section 13 of the semantics) asks for something else, or the
format can say more than the replay knows, its classes are given a method around their own: each says which.
"""
import importlib.util
import json
import random
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

KERNELS = {                                          # of CSRMNodes, beyond the two that the replay has (3.11)
    "AlphaKernelSLAYER": lambda t, tau: t / tau * np.exp(1 - t / tau),
    "LaplacianKernel": lambda t, tau: np.exp(-np.abs(t / tau)) / (2 * tau),
    "TriangularKernel": lambda t, tau: (1 - t / tau) / tau,
}


class Memory:
    """NumPy with a `load` that takes arrays from memory."""
    def __init__(self):
        self.arrays = {}

    def __getattr__(self, name):
        return getattr(np, name)

    def load(self, path):
        return self.arrays[Path(path).stem].copy()


class Survivor:
    """Stands for the recorded survivors: chooses one of the candidates of each item."""
    def __init__(self, layer, choose):
        self.layer, self.choose, self.rows = layer, choose, {}

    def __getitem__(self, item):
        if item not in self.rows:
            candidates = np.flatnonzero(self.layer.cand[item])
            row = np.zeros(self.layer.cand[item].size, bool)
            if candidates.size:
                row[candidates[int(self.choose() * candidates.size)]] = True
            self.rows[item] = row.reshape(self.layer.cand[item].shape)
        return self.rows[item]

    def copy(self):
        return np.stack([self[item] for item in range(self.layer.B)])


class Pieces:
    """The draws of one connection, whatever its size: the next ones of a flat array."""
    def __init__(self, numbers, shape):
        self.numbers, self.shape = numbers, shape

    def __iter__(self):
        return self

    def __next__(self):
        return np.array([next(self.numbers) for _ in range(int(np.prod(self.shape)))], "f4").reshape(self.shape)


class Corrected(dict):
    """The state of a rule on a convolution that does not mix output channels (Q37)."""
    def get(self, key, default=None):
        return None if key == "later" else super().get(key, default)


def signed(side, w):
    """Values on the wrong side of zero go to zero."""
    return np.where(side, np.maximum(w, 0), np.minimum(w, 0)).astype("f4")


class Reference:
    def __init__(self, path):
        spec = importlib.util.spec_from_file_location("reference", path)
        self.module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.module)
        self.memory = self.module.np = Memory()
        self.folder = Path(tempfile.mkdtemp(prefix="snnc-random-cases-"))
        self.choices, self.connections, self.activity, self.steps = None, [], {}, {}
        layer, conn = self.module.Layer, self.module.Conn
        for cls, name, around in ((layer, "__init__", self.new_layer), (layer, "step", self.step), (layer, "reset", self.reset),
                                  (conn, "__init__", self.new_connection), (conn, "compute", self.compute), (conn, "window", self.window),
                                  (conn, "update", self.update), (conn, "normalize", self.normalize), (conn, "rule", self.rule)):
            self.wrap(cls, name, around)

    @staticmethod
    def wrap(cls, name, around):
        plain = getattr(cls, name)
        setattr(cls, name, lambda it, *args, **more: around(plain, it, *args, **more))

    # -- layers ------------------------------------------------------------------------------------------
    def new_layer(self, plain, layer, d, B, dt, arr):
        kernel = d.get("responseKernel")
        plain(layer, {**d, "responseKernel": "AlphaKernel"} if kernel in KERNELS else d, B, dt, arr)
        if kernel in KERNELS:
            t = np.arange(d["res_window_size"], dtype="f4")
            layer.kres = KERNELS[kernel](t, np.float32(d["tau"]))[::-1].astype("f4")
        for name, attribute in (("v", "v"), ("i", "i"), ("refrac_count", "rc")):
            if name in d.get("state", {}):           # a first value of any state
                getattr(layer, attribute)[:] = arr[d["state"][name]]

    def step(self, plain, layer, current, oracle):
        if layer.type == "DiehlAndCookNodes" and layer.P["one_spike"]:
            oracle = Survivor(layer, self.choices.random)
        if layer.type == "SRM0Nodes":                # each such layer has draws of its own
            t = self.steps[layer.d["name"]] = self.steps.get(layer.d["name"], -1) + 1
            oracle = self.memory.arrays["draw_uniform_" + layer.d["name"]][t]
        return plain(layer, current, oracle)

    def reset(self, plain, layer):
        plain(layer)
        for c in self.connections:                   # adaptation features begin anew, but for their masks (5)
            for f in getattr(c, "f", []) if c.dst is layer else []:
                if "Adaptation" in f["type"]:
                    f["buf"][:], f["n"], f["go"], f["v"] = 0, 0, False, f["init"].copy()

    # -- connections -------------------------------------------------------------------------------------
    def new_connection(self, plain, c, spec, layers, arr, dt, B, bern):
        if spec["type"] == "SparseConnection":       # a Connection, which learning fills (4.3)
            spec = {**spec, "type": "Connection"}
        if bern is not None:
            n, m = (int(np.prod(layers[spec[end]].shape)) for end in ("source", "target"))
            bern = Pieces(bern, (n, m))
        plain(c, spec, layers, arr, dt, B, bern)
        self.connections.append(c)
        if spec["type"] in ("Connection", "LocalConnection") and (c.wmin is not None or c.wmax is not None):
            c.w = np.clip(c.w, c.wmin, c.wmax).astype("f4")        # at construction (4.1)
        if spec.get("Dales_rule") is not None:
            side = np.asarray(arr[spec["Dales_rule"]] if isinstance(spec["Dales_rule"], str) else spec["Dales_rule"], bool)
            c.side = side.reshape(side.shape + (1,) * (c.w.ndim - side.ndim)) if side.ndim == 1 else side
            c.w = signed(c.side, c.w)
        if "Conv" in spec["type"]:
            c.st = Corrected()
        for f in getattr(c, "f", []):
            if f.get("enforce_polarity"):            # the side of a row is that of the more of its values
                f["side"] = ((f["v"] > 0).sum(1) > (f["v"] < 0).sum(1))[:, None]
                f["v"] = signed(f["side"], f["v"])
        self.share(c)

    @staticmethod
    def share(c):
        """Features with a parent have its value: the replay gives each its own."""
        values = {f["name"]: f for f in getattr(c, "f", [])}
        for f in values.values():
            if f.get("parent_feature"):
                f["v"] = values[f["parent_feature"]]["v"]

    def compute(self, plain, c, spikes):
        out = plain(c, spikes)
        self.share(c)
        if c.t == "MulticompartmentConnection":
            self.activity.setdefault(f"activity_{c.c['source']}_{c.c['target']}", []).append(np.array(out, "f4"))
        return out

    def window(self, plain, c, spikes):
        out = plain(c, spikes)
        return out if c.b is None else (out + c.b).astype("f4")    # in each slot (3.11)

    def update(self, plain, c, learning, mask, kw):
        if c.c.get("manual_update"):
            return
        ends = f"{c.c['source']}>{c.c['target']}"
        kw = {key: kw[key][ends] if isinstance(kw.get(key), dict) and ends in kw[key] else x for key, x in kw.items()
              if not isinstance(x, dict) or key not in ("a_plus", "a_minus") or ends in x}
        plain(c, learning, mask, kw)
        if hasattr(c, "side"):
            c.w = signed(c.side, c.w)
        for f in getattr(c, "f", []):
            if "side" in f and "rule" in f and f["rule"]["name"] != "NoOp" and learning:
                low, high = (None if x is None else np.asarray(x, "f4") for x in f["range"])
                f["v"] = signed(f["side"], f["v"])
                f["v"] = f["v"] if low is None and high is None else np.clip(f["v"], low, high).astype("f4")
        self.share(c)

    def normalize(self, plain, c):
        if c.t == "MeanFieldConnection":             # one sum, with its signs (4.8)
            c.w = c.w if c.norm is None else (c.w * (c.norm / c.w.sum())).astype("f4")
        else:
            plain(c)
        self.share(c)

    def rule(self, plain, c, r, w, st, kw, mc, decay, lo, hi):
        kw = {**kw, "reward": np.asarray(self.memory.arrays[kw["reward"]] if isinstance(kw.get("reward"), str) else kw.get("reward", 0), "f4")}
        if r["name"] not in ("MSTDPET", "Rmax") or c.B == 1:
            return plain(c, r, w, st, kw, mc, decay, lo, hi)
        # for a batch: all states are per item, the update is reduced (Q36)
        dt, reward, nu = c.dt, kw["reward"], np.asarray(r["nu"][0], "f4")
        reward = reward.reshape(c.B, *[1] * w.ndim) if reward.size == c.B and reward.ndim else reward
        s_pre, s_post = c.src.s, c.dst.s
        if r["name"] == "Rmax":
            p = c.dst.prob.reshape(c.B, -1)
            e = s_post.reshape(c.B, -1).astype("f4") - p / (1 + np.float32(r["tc_c"]) / dt * p)
            st["T"] = st.get("T", np.float32(0)) * (1 - dt / np.float32(r["tc_e_trace"])) + c.outer(c.src.x, e)
            w = w + nu * c.red(r, reward * st["T"])
        else:
            dec = self.module.dec
            E = st.get("E", np.zeros((c.B,) + w.shape, "f4"))
            pp, pm = (st.get(key, np.zeros(s.shape, "f4")) for key, s in (("pp", s_pre), ("pm", s_post)))
            st["T"] = st.get("T", np.float32(0)) * dec(dt, r["tc_e_trace"]) + E / np.float32(r["tc_e_trace"])
            change, k = c.red(r, nu * dt * reward * st["T"]), r.get("average_update", 0)
            if k:
                q = st.setdefault("q", [np.zeros((k,) + w.shape, "f4"), 0])
                q[0][q[1]] = change
                q[1] = (q[1] + 1) % k
                change = q[0].mean(0) if r["continues_update"] or q[1] == 0 else np.float32(0)
            w = w + change
            st["pp"] = pp = pp * dec(dt, r["tc_plus"]) + np.float32(kw.get("a_plus", 1.0)) * s_pre.astype("f4")
            st["pm"] = pm = pm * dec(dt, r["tc_minus"]) + np.float32(kw.get("a_minus", -1.0)) * s_post.astype("f4")
            st["E"] = c.outer(pp, s_post) + c.outer(s_pre, pm)
        w = w * np.float32(1 - decay)
        return (np.clip(w, lo, hi) if lo is not None or hi is not None else w).astype("f4")

    # -- the whole -----------------------------------------------------------------------------------------
    def run(self, draft, seed, off=0.0):
        """What the reference computes: its own variables at the end, the recorded arrays among them."""
        expected, drawn = dict(draft.expected), [key for key in draft.expected if key.startswith("draw_bernoulli")]
        if any(key.startswith("draw_uniform") for key in expected):
            expected["draw_uniform"] = np.zeros(draft.case["steps"])
        for key in drawn:
            expected[key] = expected[key].reshape(-1)
        case = {**draft.case, "given": {k: list(a.shape) for k, a in draft.arrays.items()},
                "expected": {k: list(a.shape) for k, a in expected.items()}}
        (self.folder / "case.json").write_text(json.dumps(case))
        self.memory.arrays = {**draft.arrays, **expected}
        if off:
            signs = np.random.default_rng(int(off * 1e9))
            for name, a in draft.arrays.items():
                if name.startswith(("init", "in_")) and a.dtype == np.float32:
                    self.memory.arrays[name] = (a * (1 + off * signs.choice([-1, 1], a.shape))).astype("f4")
        self.choices, self.connections, self.activity, self.steps = random.Random(seed), [], {}, {}
        caught = {}

        def at_return(frame, event, _):
            if event == "return" and frame.f_code.co_name in ("simulate", "misc") and frame.f_code.co_filename.endswith("reference.py"):
                caught[frame.f_code.co_name] = dict(frame.f_locals)
        sys.setprofile(at_return)
        try:
            with np.errstate(all="ignore"):
                self.module.simulate(str(self.folder))
        finally:
            sys.setprofile(None)
        if "simulate" in caught and "log" in caught["simulate"]:
            caught["simulate"]["log"].update({key: np.stack(rows) for key, rows in self.activity.items() if key in expected})
        return caught

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)
