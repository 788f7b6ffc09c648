"""program.py: several networks as one program, with one experiment."""
import random

from draw import Network

PREFIXES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def draw_settings(rng, items=None):
    dt = rng.choice([1, 1, 1, 0.5, 2, 0.1])
    runs = [rng.randint(5, 25) for _ in range(rng.randint(2, 4))]
    settings = {"dt": dt, "batch": rng.choice([1, 1, 2, 3, 5]) if not items else rng.randint(2, 4), "seed": rng.randint(0, 2**40), "runs": runs, "steps": sum(runs),
                "actions": [], "by_layer": [rng.random() < 0.1 for _ in runs], "options": [], "told": [rng.uniform(-1, 1) for _ in runs]}
    learning = True
    for _ in runs:
        actions = []
        if settings["actions"] and rng.random() < 0.35:
            actions.append("reset")
        if settings["actions"] and rng.random() < 0.3:
            learning = not learning
            actions.append("thaw" if learning else "freeze")
        settings["actions"].append(actions)
    if not items:
        settings["options"] = rng.choice([[], [], ["--precision", "f64"], ["--exact"], ["--without", "fold"], ["--without", "fuse"], ["--without", "dead"],
                                          ["--seed", str(rng.randint(0, 99))], ["--precision", "f64", "--exact"]])
    settings["covered"] = [what for what, there in (("batch", settings["batch"] > 1), ("layer by layer", any(settings["by_layer"])),
                                                    ("reset", any("reset" in a for a in settings["actions"])),
                                                    ("freeze", any("freeze" in a for a in settings["actions"]))) if there]
    return settings


def settings_of(seed, number, items=None):
    return draw_settings(random.Random(f"{seed} {number} settings"), items)


def draw_network(library, seed, number, place, attempt, settings, items=None, wish=None):
    return Network(random.Random(f"{seed} {number} {place} {attempt}"), library, PREFIXES[place], settings, items, wish)


def told(settings, networks, signal, k):
    """A line that sets a signal before run k: by a number, a pulse, a draw, or what the network did; a line that depends on items
    only where there is one."""
    rng, net = random.Random(f"{settings['seed']} {signal} {k}"), next(net for net in networks if signal in net.signals)
    number, of_item = f"{settings['told'][k]:.3g}", any(line.startswith(f"signal {signal} of item") for line in net.lines)
    layer = rng.choice(net.layers)["name"]
    ways = [f"    {signal} = {number}", f"    {signal} = {number}", f"    pulse {signal} = {number}", f"    {signal} += 0.1 * {number}"]
    if of_item or settings["batch"] == 1:
        ways += [f"    {signal} = random() - 0.5", f"    {signal} = 0.3 if argmax(count({layer})) > 0 else {number}",
                 f"    {signal} = 0.1 * count({layer})[{rng.randint(0, 1)}] - 0.05 * mean(count({layer}))"]
    if settings["batch"] == 1:
        ways += [f"    if sum(count({layer})) > 3 {{ {signal} = {number} }} else {{ pulse {signal} = -0.2 }}",
                 f"    let {signal}{k} = bernoulli(0.5)\n    if {signal}{k} {{ {signal} = {number} }}"]
    return rng.choice(ways)


def text_of(networks, settings, title=""):
    """The text of a program of these networks."""
    lines = [f"# {title}", f"dt = {settings['dt']} ms ; batch = {settings['batch']} ; seed = {settings['seed']}"]
    for net in networks:
        lines += [*net.models, *net.lines]
    for net in networks:
        lines += ["record " + record for record in net.records]
    lines.append("experiment {")
    signals = [signal for net in networks for signal in net.signals]
    for k, steps in enumerate(settings["runs"]):
        lines += ["    " + action for action in settings["actions"][k]]
        if not networks[0].items:
            lines += [told(settings, networks, signal, k) for signal in signals]
        controls = [line for net in networks for line in net.controls[k]]
        lines.append(f"    run {steps * settings['dt']:.6g} ms" + (" layer by layer" if settings["by_layer"][k] else "") + (" {" if controls else ""))
        lines += ["        " + line for line in controls] + (["    }"] if controls else [])
    for net in networks:
        lines += [f"    save {learned} to \"{learned}.end.npy\"" for learned in net.learned]
    return "\n".join([*lines, "}"]) + "\n"
