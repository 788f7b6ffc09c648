"""run.py: what rules mean: where states live, what reductions give, and that two ways to say a thing are one.

    python3 tests/rules/run.py places|gather|same|plan|listed SNNC
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))

import npy                                           # noqa: E402


def call(snnc, *arguments, cwd=None):
    done = subprocess.run([snnc, *arguments], cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        sys.exit(f"snnc {' '.join(arguments)}: {done.stderr.decode(errors='replace')}")
    return done.stdout.decode()


# ---- places ----------------------------------------------------------------------------------------------------------

def places(snnc):
    """Every `#= RULE.STATE PLACE` of places.snn against what the network says."""
    program = HERE / "places.snn"
    text = program.read_text()
    want = dict(re.findall(r"^#= (\S+) (\S+)$", text, re.MULTILINE))
    declared = re.findall(r"^\s*(?:state (\w+)|(\w+)')", text, re.MULTILINE)
    rule, got = "", {}
    for line in call(snnc, "emit", "--net", str(program)).splitlines():
        if line.startswith("\t\trule "):
            rule = re.match(r"\t\trule (\w+)", line).group(1)
        state = re.match(r"\t\t\tstate (\w+).*?(?: of (\w+))?$", line)
        if state and rule:
            got[f"{rule}.{state.group(1)}"] = state.group(2) or "synapse"
    bad = [f"{name}: {got.get(name, 'nowhere')}, not {place}" for name, place in want.items() if got.get(name) != place]
    bad += [f"{name} is not in the table" for name in got if name not in want]
    print("\n".join(bad) or f"{len(want)} states live where they should ({len(declared)} lines declare them)")
    return bool(bad)


# ---- reductions ------------------------------------------------------------------------------------------------------

GATHER = """
batch = {batch}
rule Gathers() {{
    learns w
    state over_pre of post
    state over_post of pre
    state all
    state most
    state least of pre
    state items of post
    state both
    state layer_mean
    each step {{
        over_pre = sum(w over pre)
        over_post = mean(w over post)
        all = sum(w * w over pre, post)
        most = max(w over pre, post)
        least = min(w over post)
        items = mean(post.v over batch)
        both = sum(post.v over post, batch)
        layer_mean = mean(post.v over post)
    }}
}}
layer a : Poisson[{pre}](rate = 300 Hz)
layer b : LIF[{post}](refractory = 1 ms)
connect a -> b as c {{ weight = uniform(-1, 2) {{ learn Gathers() }} }}
experiment {{
    run 9 ms
    {saves}
}}
record c.weight
record b.v
"""
NAMES = ["over_pre", "over_post", "all", "most", "least", "items", "both", "layer_mean"]


def sequential(values):
    total = 0.0
    for v in values:
        total += v
    return total


def tree(rounds):
    """Of lists of values: each list goes into 64 parts in turn; then the parts are joined, half by half."""
    parts = [0.0] * 64
    for values in rounds:
        for k, v in enumerate(values):
            parts[k % 64] += v
    half = 32
    while half:
        parts = [parts[k] + parts[k + half] for k in range(half)]
        half //= 2
    return parts[0]


def expected(w, v, pre, post, batch):
    """w[i][j], v[b][j] as Python numbers, which are f64."""
    columns = [sequential(w[i][j] for i in range(pre)) for j in range(post)]
    squares = [sequential(w[i][j] * w[i][j] for i in range(pre)) for j in range(post)]
    all_w = [x for row in w for x in row]
    return {"over_pre": columns * batch,
            "over_post": [tree([w[i]]) / post for i in range(pre)] * batch,
            "all": [tree([squares])] * batch,
            "most": [max(all_w)] * batch,
            "least": [min(w[i]) for i in range(pre)] * batch,
            "items": [sequential(v[b][j] for b in range(batch)) / batch for j in range(post)] * batch,
            "both": [tree(v)] * batch,
            "layer_mean": [tree([v[b]]) / post for b in range(batch)]}


def gather(snnc):
    """In f64, where Python computes the same: every bit of every reduction."""
    bad = []
    for pre, post, batch in [(5, 4, 1), (7, 130, 1), (70, 64, 1), (6, 70, 3)]:
        saves = " ; ".join(f'save c.weight.{name} to "{name}.npy"' for name in NAMES)
        with tempfile.TemporaryDirectory(prefix="snnc-rules-") as folder:
            program = Path(folder) / "gather.snn"
            program.write_text(GATHER.format(pre=pre, post=post, batch=batch, saves=saves))
            call(snnc, "run", str(program), "--precision", "f64", "--engine", "eval", "--quiet", "--out", "out", cwd=folder)
            out = Path(folder) / "out"
            w = npy.load(out / "c.weight.npy").data[-pre * post:]
            v = npy.load(out / "b.v.npy").data[-batch * post:]
            want = expected([w[i * post:(i + 1) * post] for i in range(pre)], [v[b * post:(b + 1) * post] for b in range(batch)],
                            pre, post, batch)
            for name in NAMES:
                got = list(npy.load(out / f"{name}.npy").data)
                if got != list(want[name]):
                    bad.append(f"{name} of [{pre}, {post}], batch {batch}: {got[:4]} …, not {want[name][:4]} …")
    print("\n".join(bad) or "reductions give what they say, bit by bit")
    return bool(bad)


# ---- two ways to say one thing ------------------------------------------------------------------------------------------

NET = """
{rules}
signal reward = 0
layer a : Poisson[9](rate = 200 Hz)
layer b : LIF[6](refractory = 1 ms)
connect a -> b as drive {{ weight = 8 }}
connect a -> b as c {{ weight = uniform(0, 1) {{ range [0, 2] ; learn {use} }} }}
experiment {{ reward = 1 ; run 20 ms ; reward = 0 ; run 5 ms ; reward = -0.5 ; run 15 ms ; freeze ; run 3 ms ; thaw ; reset ; run 20 ms }}
record c.weight
"""
SAME = {
    "states that follow spikes, and the same by hand": [
        """rule R() { learns w
            r' = -r / (10 ms) ; o' = -o / (20 ms)
            on pre { w -= 0.01 * o ; r += 1 } on post { w += 0.02 * r ; o += 1 } }""",
        """rule R() { learns w
            state r of pre ; state o of post
            each step { r = r * exp(-dt / 10 ms) ; o = o * exp(-dt / 20 ms) }
            on pre { w -= 0.01 * o ; r = r + 1 } on post { w += 0.02 * r ; o = o + 1 } }""",
        """rule R() { learns w
            state r of pre ; state o of post
            each step { r = r * exp(-dt / 10 ms) ; o = o * exp(-dt / 20 ms)
                w -= 0.01 * o * pre.spike ; r += pre.spike ; w += 0.02 * r * post.spike ; o += post.spike } }"""],
    "what is read before a jump": [
        """rule R() { learns w
            r' = -r / (10 ms)
            on pre { w += 0.01 * r ; r += 1 ; w += 0.001 * r } }""",
        """rule R() { learns w
            state r of pre
            each step { r = r * exp(-dt / 10 ms) ; if pre.spike { w += 0.01 * r ; r += 1 ; w += 0.001 * r } } }"""],
    "one handler or two": [
        "rule R() { learns w ; state n of pre ; on pre { w += 0.01 * n ; n += 1 ; w -= 0.02 } on post { w *= 0.9 } }",
        "rule R() { learns w ; state n of pre ; on pre { w += 0.01 * n } on pre { n += 1 } on pre { w -= 0.02 } on post { w *= 0.9 } }"],
    "a let and its expression": [
        "rule R() { learns w ; on post { let d = 0.5 - w ; if d > 0 { w += 0.1 * d } else { w -= 0.01 } } }",
        "rule R() { learns w ; on post { w += 0.1 * (0.5 - w) if 0.5 - w > 0 else -0.01 } }"],
    "bounds of the range, and as numbers": [
        "rule R() { learns w ; on post { w += 0.1 * (w.high - w) } on pre { w -= 0.05 * (w - w.low) } }",
        "rule R() { learns w ; on post { w += 0.1 * (2 - w) } on pre { w -= 0.05 * (w - 0) } }"],
    "a trace of the neuron, by the layer and by the rule": [
        "rule R() { learns w ; trace x of pre { tau = 10 ms ; on spike add 1 } on post { w += 0.01 * x } }",
        "rule R() { learns w ; state x of pre ; each step { x = x * exp(-dt / 10 ms) + pre.spike } on post { w += 0.01 * x } }"],
}
FROZEN = {"a trace of the neuron, by the layer and by the rule"}     # traces go on while nothing learns, and resets clear them


def same(snnc):
    bad = []
    for what, rules in SAME.items():
        for batch in (1, 3):
            if batch > 1 and any("*=" in r or "r = " in r for r in rules) and "w *=" in rules[0]:
                continue
            results = []
            for text in rules:
                with tempfile.TemporaryDirectory(prefix="snnc-rules-") as folder:
                    program = Path(folder) / "same.snn"
                    net = NET.format(rules=text, use="R()")
                    if what in FROZEN:
                        net = net.replace(" ; freeze ; run 3 ms ; thaw ; reset ; run 20 ms", "")
                    program.write_text(f"batch = {batch}\n" + net)
                    call(snnc, "run", str(program), "--engine", "eval", "--quiet", "--out", "out", cwd=folder)
                    results.append((Path(folder) / "out" / "c.weight.npy").read_bytes())
            w = results[0]
            if len(set(results)) > 1:
                bad.append(f"{what}, batch {batch}: they differ")
            if w[-9 * 6 * 4:] == w[-80 * 9 * 6 * 4:][:9 * 6 * 4]:
                bad.append(f"{what}, batch {batch}: nothing is learned")
    print("\n".join(bad) or f"{len(SAME)} things mean the same in either way")
    return bool(bad)


# ---- lists of synapses and matrices -------------------------------------------------------------------------------------

LISTED = """
rule Signalled() {{ learns w ; needs reward
    r' = -r / (10 ms)
    state used of synapse
    on pre {{ r += 1 ; w -= 0.01 ; used += 1 }}
    on reward {{ w += 0.05 * reward * r ; if bernoulli(0.3) {{ w -= 0.02 * used }} }}
    on post {{ w += 0.02 * r ; used = 0 }} }}
rule Gathered() {{ learns w
    on post {{ w -= 0.01 * (sum(w over pre) - 3) + 0.001 * max(w over post) - 0.01 * max(w over pre, post) }} }}
signal reward = 0
layer a : Poisson[9](rate = 150 Hz)
layer b : LIF[6](refractory = 1 ms)
connect a -> b as drive {{ weight = 8 }}
connect a -> b {by} as c {{ weight = {weight} {{ {learn} }} }}
experiment {{ run 20 ms ; pulse reward = 1 ; run 5 ms ; freeze ; run 3 ms ; thaw ; run 20 ms ; pulse reward = -1 ; run 10 ms }}
record c.weight
"""


def listed(snnc):
    """A matrix without zeros, and the same as a list of synapses: rules do the same to both, bit by bit."""
    bad = []
    attached = [f"range [0, 1] ; learn {rule}()" for rule in AT_SPIKES]
    attached += ["range [0, 1] ; norm 3 per post each run ; learn PostPre(nu = (pre: 0.01, post: 0.1))", "range [0, 1] ; decay 0.01 ; learn AdditiveSTDP()",
                 "range [0, 1] ; learn Gathered()", "range [0, 1] ; learn Signalled(reward = reward)", "learn Signalled(reward = reward)",
                 "range [0, 1] ; learn PostPre() average over 3 steps", "range [0, 1] ; learn MSTDPET(reward = 1)"]
    for learn in attached:
        results = []
        for by, weight in (("", 'file("w.npy")'), ('by sparse("w.npy")', 'file("v.npy")')):
            with tempfile.TemporaryDirectory(prefix="snnc-rules-") as folder:
                folder = Path(folder)
                values = [0.05 + 0.9 * ((7 * k) % 54) / 54 for k in range(54)]
                npy.save(folder / "w.npy", npy.make((9, 6), "f4", values))
                npy.save(folder / "v.npy", npy.make((54,), "f4", values))
                (folder / "net.snn").write_text(LISTED.format(by=by, weight=weight, learn=learn))
                call(snnc, "run", "net.snn", "--engine", "eval", "--quiet", "--out", "out", cwd=folder)
                results.append(list(npy.load(folder / "out" / "c.weight.npy").data))
        if results[0] != results[1]:
            step = next(k for k in range(len(results[0])) if results[0][k] != results[1][k]) // 54
            bad.append(f"{learn}: differs in step {step}")
        if results[0][:54] == results[0][-54:]:
            bad.append(f"{learn}: nothing is learned")
    print("\n".join(bad) or f"{len(attached)} rules do the same to matrices and to lists of synapses")
    return bool(bad)


# ---- what a plan holds --------------------------------------------------------------------------------------------------

PLAN = """
rule Jumps(tau = 20 ms) {{
    learns w
    needs reward
    r' = -r / tau
    on pre {{ r += 1 }}
    on reward {{ w += 0.1 * reward * r }}
}}
signal reward = 0
layer a : Poisson[17](rate = 100 Hz)
layer b : LIF[5]
layer c : LIF[6]
{connections}
experiment {{ run 1 ms }}
"""
AT_SPIKES = ["PostPre", "AdditiveSTDP", "MultiplicativeSTDP", "InterpolatedSTDP", "PowerLawSTDP", "NearestSTDP", "NearestPreSTDP",
             "ImmediateSTDP", "InhibitorySTDP", "Triplet"]


def kernels(snnc, connections):
    """The kernels of a plan, by name."""
    with tempfile.TemporaryDirectory(prefix="snnc-rules-") as folder:
        program = Path(folder) / "plan.snn"
        program.write_text(PLAN.format(connections=connections))
        text = call(snnc, "emit", "--plan", str(program))
    return dict(re.findall(r"^kernel (\S+) range \d+ \{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL))


def visits_all(body):
    """A loop over all pre neurons around one over post neurons."""
    return re.search(r"for \w+ in 0 \.\.< 17 \{\n\s*for \w+ in lo \.\.< hi", body) is not None


def plan(snnc):
    bad = []
    # once per layer and per what is said of it, whoever asks: three rules that remember pre spikes for 20 ms
    one = """connect a -> b as c1 { weight = 0.1 { range [0, 1] ; learn AdditiveSTDP() } }
             connect a -> c as c2 { weight = 0.1 { range [0, 1] ; learn MultiplicativeSTDP() } }
             connect a -> b as c3 { weight = 0.1 { learn Jumps(reward = reward) } }"""
    all_kernels = kernels(snnc, one)
    followed = sorted(name for name in all_kernels if name.endswith(".follow"))
    if followed != ["c1.weight.x.follow", "c1.weight.y.follow", "c2.weight.y.follow"]:
        bad.append(f"equal states are not one: {followed}")
    two = kernels(snnc, one.replace("Jumps(", "Jumps(tau = 30 ms, "))
    if sum(name.endswith(".follow") for name in two) != 4:
        bad.append("unequal states are one")
    # at spikes only what spiked is visited
    for rule in AT_SPIKES:
        for name, body in kernels(snnc, f"connect a -> b as k {{ weight = 0.1 {{ range [0, 1] ; learn {rule}() }} }}").items():
            if name.startswith("k.weight.learn") and visits_all(body):
                bad.append(f"{rule} visits every synapse in {name}")
    # and where a signal happens, all of them then alone
    for name, body in kernels(snnc, "connect a -> b as k { weight = 0.1 { range [0, 1] ; learn Jumps(reward = reward) } }").items():
        guarded = re.sub(r"(?m)^(\t+)if k\.weight_kept\[\] \{\n.*?^\1\}", "", body, flags=re.DOTALL)
        if name.startswith("k.weight.learn") and visits_all(guarded):
            bad.append(f"{name} visits every synapse without a signal")
    print("\n".join(bad) or "equal states are kept once, and what happens at spikes visits only what spiked")
    return bool(bad)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("places", "gather", "same", "plan", "listed"):
        sys.exit(__doc__)
    if not Path(sys.argv[2]).exists():
        print(f"{sys.argv[2]} is not built; skipped")
        sys.exit(77)
    sys.exit(globals()[sys.argv[1]](str(Path(sys.argv[2]).resolve())))
