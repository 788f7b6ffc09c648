#!/usr/bin/env python3
"""hours.py: what is allowed and surely not meant: for each a program that is told so, and one nearly the same that is not.

    tests/diag/hours.py --snnc PATH
"""
import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

import tool                                          # noqa: E402

NET = """layer a : Poisson[10](rate = 20 Hz)
layer b : LIF[4]{b}
{more}
connect a -> b as syn {{ weight = {weight} {{ {inner} }} {feature} }}
experiment {{ {run} }}
record b.spikes
record syn.weight every 5 steps
"""
RULE = "rule R(nu = 0.01) {{ learns w ; {} }}"

# what, code, what the wrong program has, what the right one has
CASES = [
    ("a threshold that can never be reached", "W0603", {"weight": "0.001 mV"}, {"weight": "5 mV"}),
    ("a range that excludes the first value", "E0501", {"weight": "2", "inner": "range [0, 1]"}, {"weight": "1", "inner": "range [0, 1]"}),
    ("a norm that no weights can meet", "W0503", {"inner": "range [0, 1] ; norm 20 per post each run ; learn PostPre()"},
     {"inner": "range [0, 1] ; norm 5 per post each run ; learn PostPre()"}),
    ("a norm that takes values out of their range", "W0503", {"inner": "range [0, 1] ; norm 20 per post each run"},
     {"inner": "range [0, 1] ; norm 5 per post each run"}),
    ("a rule that can never fire", "W0605", {"inner": "learn PostPre()", "run": "freeze ; run 10 ms"}, {"inner": "learn PostPre()"}),
    ("an increment in each step without dt", "W0607", {"more": "signal level = x { state x = 1 ; each step { x -= x * 0.1 } }\nrecord level"},
     {"more": "signal level = x { state x = 1 ; each step { x -= x * dt / (10 ms) } }\nrecord level"}),
    ("an increment in each step without dt", "W0607", {"inner": "learn R", "more": RULE.format("each step { w += nu }")},
     {"inner": "learn R", "more": RULE.format("each step { w += nu * dt / (1 ms) }")}),
    ("an increment in each step without dt", "W0607", {"inner": "learn R", "more": RULE.format("state n of synapse = 0 ; each step { n -= nu ; w -= dt / (1 ms) * n }")},
     {"inner": "learn R", "more": RULE.format("state n of synapse = 0 ; each step { n += 1 ; w -= dt / (1 ms) * n }")}),
    ("handlers whose order matters", "W0608", {"inner": "learn R", "more": RULE.format("state x of synapse = 0 ; on pre { x = 1 } ; on post { x = 0 ; w += nu * x }")},
     {"inner": "learn R", "more": RULE.format("state x of synapse = 0 ; on pre { x += 1 } ; on post { w += nu * x }")}),
    ("a delay below dt", "E0513", {"feature": "; delay = 0.4 ms"}, {"feature": "; delay = 1 ms"}),
    ("a signal that nothing reads", "W0606", {"more": "signal s = 0.5"}, {"more": "signal s = 0.5\nrecord s"}),
    ("a layer that nothing drives", "W0604", {"more": "layer c : LIF[3]\nrecord c.spikes"},
     {"more": "layer c : LIF[3]\nconnect a -> c\nrecord c.spikes"}),
    ("a learning rate of zero", "W0504", {"inner": "learn PostPre(nu = (pre: 0, post: 0))"}, {"inner": "learn PostPre(nu = (pre: 0, post: 0.01))"}),
]


def codes(snnc, folder, parts):
    text = NET.format(**{"run": "run 10 ms", "b": "", "more": "", "weight": "1", "inner": "", "feature": "", **parts})
    (folder / "net.snn").write_text(text)
    done = subprocess.run([snnc, "check", "net.snn"], cwd=folder, capture_output=True, text=True, timeout=60)
    return set(re.findall(r"(?:error|warning)\[([EW]\d{4})\]", done.stderr)), text + done.stderr


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tool.add_snnc_option(parser)
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    failed = 0
    with tempfile.TemporaryDirectory(prefix="snnc-hours-") as name:
        for what, code, wrong, right in CASES:
            told, shown = codes(options.snnc, Path(name), wrong)
            if told != {code}:
                print(f"failed  {what}: {sorted(told)} instead of {code}\n{shown}")
                failed += 1
            told, shown = codes(options.snnc, Path(name), right)
            if told:
                print(f"failed  {what}: {sorted(told)} where nothing is wrong\n{shown}")
                failed += 1
    print(f"{len(CASES)} pairs, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
