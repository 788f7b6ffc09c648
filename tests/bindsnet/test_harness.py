#!/usr/bin/env python3
"""test_harness.py: the harness itself: .npy files, the programs that it writes, what it calls a difference."""
import json
import struct
import sys
import tempfile
import unittest
from array import array
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "tools")]

import npy                                           # noqa: E402
from case import Check, write_program                # noqa: E402
from runs import survivor_draws                      # noqa: E402
from words import NotYet, number                     # noqa: E402
from compare import check_all, difference, spread    # noqa: E402

EVENTS = [("t", "<i8"), ("b", "<u4"), ("i", "<u4")]


def small_case(**changes):
    """Two layers and a connection, 4 steps; changes replace fields of the case."""
    trace = {"traces": True, "traces_additive": False, "tc_trace": 20.0, "trace_scale": 1.0, "sum_input": False}
    return {
        "case": "small", "about": "for the tests", "dt": 1.0, "batch": 1, "learning": True, "steps": 4,
        "layers": [
            {"name": "X", "type": "Input", "shape": [2], **trace},
            {"name": "Y", "type": "LIFNodes", "shape": [3], **trace, "thresh": -52.0, "rest": -65.0, "reset": -65.0,
             "refrac": 5, "tc_decay": 100.0, "lbound": None},
        ],
        "connections": [
            {"source": "X", "target": "Y", "type": "Connection", "w": "w", "b": None, "wmin": 0.0, "wmax": None,
             "norm": None, "weight_decay": 0.0, "rule": {"name": "PostPre", "nu": [0.001, 0.02], "reduction": "sum"}},
        ],
        "inputs": {"X": "in_X"}, "runs": [{"steps": 4}], "w_every": 2,
        "given": {"in_X": [4, 1, 2], "w": [2, 3]},
        "expected": {"s_Y": [4, 1, 3], "v_Y": [4, 1, 3], "w_X_Y": [2, 2, 3], "final_w_X_Y": [2, 3]},
        **changes,
    }


class Folder(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def write(self, case, **arrays):
        (self.folder / "case.json").write_text(json.dumps(case))
        arrays = {"in_X": npy.make((4, 1, 2), "u1", [1, 0] * 4), "w": npy.make((2, 3), "f4", [0.5] * 6),
                  "s_Y": npy.make((4, 1, 3), "u1", [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 1]),
                  "v_Y": npy.make((4, 1, 3), "f4", [-65 + k / 8 for k in range(12)]),
                  "w_X_Y": npy.make((2, 2, 3), "f4", [0.25] * 12), "final_w_X_Y": npy.make((2, 3), "f4", [0.25] * 6),
                  **arrays}
        for name, a in arrays.items():
            npy.save(self.folder / (name + ".npy"), a)
        return write_program(self.folder)

    def results(self, program):
        """A folder of exactly the expected results, as snnc would write them."""
        out = self.folder / "out"
        out.mkdir()
        for check in program.checks:
            want = program.expected[check.key]
            if check.events:
                n = want.shape[2]
                rows = [(k // n, 0, k % n) for k, x in enumerate(want.data) if x]
                npy.save_events(out / check.file, EVENTS, rows)
            else:
                npy.save(out / check.file, want)
        return out


class NpyFiles(Folder):
    def test_what_is_saved_is_loaded(self):
        path = self.folder / "a.npy"
        for dtype, values in (("u1", [0, 1, 255]), ("b1", [0, 1, 1]), ("i4", [-1, 0, 2**31 - 1]), ("i8", [-2**63, 0, 1]),
                              ("f4", [0.5, -1.0, float("inf")]), ("f8", [0.1, 1e300, -0.0])):
            a = npy.make((3, 1), dtype, values)
            npy.save(path, a)
            b = npy.load(path)
            self.assertEqual((a.shape, a.data.tobytes()), (b.shape, b.data.tobytes()))
            self.assertEqual(b.dtype, dtype)
            self.assertEqual((len(path.read_bytes()) - len(a.data) * a.data.itemsize) % 64, 0)

    def test_a_scalar_has_no_axes(self):
        npy.save(self.folder / "a.npy", npy.make((), "f8", [2.5]))
        self.assertEqual(npy.load(self.folder / "a.npy").shape, ())

    def test_events_are_tuples(self):
        npy.save_events(self.folder / "e.npy", EVENTS, [(3, 0, 7), (2**40, 1, 2)])
        events = npy.load(self.folder / "e.npy")
        self.assertEqual(events.fields, ["t", "b", "i"])
        self.assertEqual(events.rows, [(3, 0, 7), (2**40, 1, 2)])

    def test_a_short_file_is_refused(self):
        npy.save(self.folder / "a.npy", npy.make((3,), "f4", [1, 2, 3]))
        raw = (self.folder / "a.npy").read_bytes()
        (self.folder / "a.npy").write_bytes(raw[:-1])
        self.assertRaises(ValueError, npy.load, self.folder / "a.npy")

    def test_fortran_order_is_turned(self):
        npy.save(self.folder / "a.npy", npy.make((2, 3), "f4", [1, 2, 3, 4, 5, 6]))
        raw = (self.folder / "a.npy").read_bytes()
        (self.folder / "a.npy").write_bytes(raw.replace(b"'fortran_order': False", b"'fortran_order': True "))
        self.assertEqual(list(npy.load(self.folder / "a.npy").data), [1, 3, 5, 2, 4, 6])

    def test_version_2_headers_are_read(self):
        npy.save(self.folder / "a.npy", npy.make((2,), "f4", [1, 2]))
        raw = (self.folder / "a.npy").read_bytes()
        (self.folder / "a.npy").write_bytes(raw[:6] + b"\x02\x00" + raw[8:10] + b"\0\0" + raw[10:])
        self.assertEqual(list(npy.load(self.folder / "a.npy").data), [1, 2])


class Numbers(unittest.TestCase):
    def test_numbers_are_the_shortest_that_read_back(self):
        self.assertEqual([number(x) for x in (5, 5.0, 0.05, 1e-4, 1e7, -65.0, True, float("-inf"))],
                         ["5", "5", "0.05", "0.0001", "10000000", "-65", "true", "-inf"])
        self.assertEqual(float(number(0.1 + 0.2)), 0.1 + 0.2)

    def test_the_draw_chooses_the_survivor(self):
        n = 5
        for candidates in range(1, 2 ** n):
            over = [i for i in range(n) if candidates >> i & 1]
            for kept in over:
                flags = [int(i in over) for i in range(n)]
                u, = survivor_draws(flags, [int(i == kept) for i in range(n)], n)
                u, = struct.unpack("f", struct.pack("f", u))
                self.assertEqual(over[int(u * len(over))], kept)

    def test_no_candidates_no_survivor(self):
        self.assertEqual(list(survivor_draws([0] * 6, [0] * 6, 3)), [0.0, 0.0])


class Programs(Folder):
    def test_the_whole_program(self):
        program = self.write(small_case())
        self.assertEqual(program.text, """\
# small: for the tests
dt = 1 ms ; batch = 1

layer X : Input[2] { trace x { tau = 20 ms ; on spike set 1 } ; input file("in_X.npy") }
layer Y : LIF[3](rest = -65 mV, reset = -65 mV, threshold = -52 mV, tau = 100 ms, refractory = 5 ms) \
{ trace x { tau = 20 ms ; on spike set 1 } }

connect X -> Y as X_Y {
    weight = file("w.npy") { range [0, inf] ; learn PostPre(nu = (pre: 0.001, post: 0.02), tau_pre = 20 ms, \
tau_post = 20 ms) reduce sum over batch }
}

record Y.spikes
record Y.v
record X_Y.weight every 2 steps

experiment {
    run 4 ms
    save X_Y.weight to "final_w_X_Y.npy"
}
""")
        self.assertEqual(sorted(program.files), ["in_X.npy", "w.npy"])

    def test_runs_switch_learning_only_when_it_changes(self):
        runs = [{"steps": 1}, {"steps": 1, "learning": True, "reset_before": True}, {"steps": 1},
                {"steps": 1, "learning": False}]
        text = self.write(small_case(learning=False, dt=0.5, runs=runs)).text
        body = [line.strip() for line in text.split("experiment {")[1].split("}")[0].strip().splitlines()]
        self.assertEqual(body[:7], ["freeze", "run 0.5 ms", "reset", "thaw", "run 0.5 ms", "run 0.5 ms", "freeze"])

    def test_lists_become_lists_with_units(self):
        case = small_case()
        case["layers"][1]["thresh"] = [-52.5, -50, -51]
        self.assertIn("threshold = [-52.5 mV, -50 mV, -51 mV]", self.write(case).text)
        case["layers"][1]["thresh"] = [-52.5, -50]
        self.assertRaises(NotYet, self.write, case)

    def test_traces_have_values_per_neuron(self):
        case = small_case()
        case["layers"][1].update(tc_trace=[10, 20, 30], trace_scale=[[1], [0.5], [2]])
        text = self.write(case).text
        self.assertIn("trace x { tau = [10 ms, 20 ms, 30 ms] ; on spike set [1, 0.5, 2] }", text)
        self.assertIn("tau_post = [10 ms, 20 ms, 30 ms], scale_post = [1, 0.5, 2])", text)

    def test_rewards_per_item_are_columns(self):
        case = small_case(batch=2, runs=[{"steps": 1, "reward": 1}, {"steps": 3, "reward": [[[0.5]], [[-1]]]}], expected={})
        case["connections"][0]["rule"] = {"name": "MSTDP", "nu": [0.1, 0]}
        program = self.write(case, in_X=npy.make((4, 2, 2), "u1", [1, 0] * 8))
        self.assertIn("signal reward of item = 0", program.text)
        self.assertIn("reward = 1\n    run 1 ms\n    for told in told_reward[2 ..< 4] { reward = told }\n    run 3 ms", program.text)
        self.assertEqual(list(program.files["told_reward.npy"].data), [1, 1, 0.5, -1])
        case["runs"][1]["reward"] = [0.5, -1, 2, 3]
        self.assertRaises(NotYet, self.write, case)

    def test_rates_and_bounds_of_each_synapse_are_files(self):
        case = small_case()
        case["connections"][0].update(wmin=[[0, 0.1, None], [0, 0, 0]], wmax=[[1], [2]])
        case["connections"][0]["rule"]["nu"] = [[[1, 2, 3], [4, 5, 6]], [0.1, 0.2, 0.3]]
        program = self.write(case)
        files = sorted((a.shape, list(map(round, a.data))) for name, a in program.files.items() if name.startswith("w_"))
        self.assertEqual([shape for shape, _ in files], [(2, 1), (2, 3), (2, 3)])
        self.assertEqual([files[0][1], files[2][1]], [[1, 2], [1, 2, 3, 4, 5, 6]])
        self.assertLess(files[1][1][2], -1e38)       # none
        self.assertRegex(program.text, r'range \[file\("w_\d.npy"\), file\("w_\d.npy"\)\]')
        self.assertIn("post: [0.1, 0.2, 0.3])", program.text)
        case["connections"][0]["wmax"] = [[1, 2]]
        self.assertRaises(NotYet, self.write, case)

    def test_masks_of_pools_and_other_sizes_are_refused(self):
        case = small_case(runs=[{"steps": 4, "masks": {"X>Y": "in_X"}}])
        self.assertRaises(NotYet, self.write, case)
        case["runs"][0]["masks"] = {"X>Y": "w"}
        self.assertIn('zero X_Y.weight where file("w.npy")', self.write(case).text)

    def test_features_take_turns_in_the_draws(self):
        feature = {"type": "Probability", "range": [0, 1], "norm": None, "decay": 0, "rule": {"name": "NoOp"}}
        pipeline = [{**feature, "name": name, "value": "w"} for name in ("one", "two")]
        case = small_case(expected={"draw_bernoulli": [8, 2, 3]})
        case["connections"][0] = {"source": "X", "target": "Y", "type": "MulticompartmentConnection", "pipeline": pipeline}
        program = self.write(case, draw_bernoulli=npy.make((8, 2, 3), "f4", ([1] * 6 + [0] * 6) * 4))
        self.assertEqual(set(program.files["draw_X_Y_one.npy"].data), {0})
        self.assertEqual(set(program.files["draw_X_Y_two.npy"].data), {1})

    def test_controls_of_layers_with_axes_are_rows(self):
        case = small_case(runs=[{"steps": 4, "clamp": {"Y": "w"}}], expected={})
        case["layers"][1]["shape"] = [3, 1]
        self.assertIn('clamp Y where file("w_12.npy")', self.write(case, w=npy.make((6, 3, 1), "u1", [1, 0, 0] * 6)).text)
        self.assertEqual(self.write(case, w=npy.make((6, 3, 1), "u1", [1, 0, 0] * 6)).files["w_12.npy"].shape, (4, 3))
        self.assertRaises(NotYet, self.write, case, w=npy.make((3, 3, 1), "u1", [1, 0, 0] * 3))

    def test_no_rule_bounds_the_first_weights_alone(self):
        case = small_case()
        case["connections"][0].update(rule={"name": "NoOp", "nu": [0, 0]}, weight_decay=0.01, norm=3)
        self.assertIn('weight = file("w.npy") { range [0, inf] ; norm 3 per post each run ; decay 0.01 }', self.write(case).text)

    def test_a_pipeline_scales_by_dt_and_sums_signed(self):
        case = small_case(dt=0.5)
        feature = {"type": "Weight", "name": "weight", "value": "w", "norm_frequency": "sample", "range": [0, 0.8],
                   "norm": 2.0, "decay": 0.001, "rule": {"name": "PostPre", "nu": [0.001, 0.004], "reduction": "sum"}}
        case["connections"][0] = {"source": "X", "target": "Y", "type": "MulticompartmentConnection",
                                  "pipeline": [feature]}
        case["expected"] = {"s_Y": [4, 1, 3]}
        text = self.write(case).text
        self.assertIn("range [0, 0.8] ; decay 0.001 ; norm 2 per post each run of signed sum ; learn", text)
        self.assertIn(", scale = 0.5) reduce sum", text)
        feature["rule"]["name"] = "NoOp"
        self.assertIn('weight = file("w.npy") { norm 2 per post each run of signed sum }', self.write(case).text)

    def test_a_bias_is_the_first_row(self):
        case = small_case()
        case["connections"][0]["b"] = "b"
        program = self.write(case, b=npy.make((3,), "f4", [1, 2, 3]))
        self.assertEqual(list(program.files["b_rows.npy"].data), [1, 2, 3, 0, 0, 0])

    def test_names_that_the_language_needs_are_changed(self):
        case = small_case(inputs={"in": "in_X"})
        case["layers"][0]["name"] = case["connections"][0]["source"] = "in"
        case["expected"] = {"w_in_Y": [2, 2, 3]}
        program = self.write(case, w_in_Y=npy.make((2, 2, 3), "f4", [0] * 12))
        self.assertIn("layer in_ : Input[2]", program.text)
        self.assertIn("connect in_ -> Y as in_Y", program.text)

    def test_what_cannot_be_said_is_not_yet(self):
        def changed(path, x):
            case = small_case()
            at = case
            for key in path[:-1]:
                at = at[key]
            at[path[-1]] = x
            return case
        layer, connection = ("layers", 1), ("connections", 0)
        for path, x in (((*layer, "type"), "IzhikevichNodes"), ((*layer, "something_new"), 3),
                        ((*layer, "state"), {"u": "w"}), ((*layer, "traces"), False), ((*layer, "tc_trace"), [1, 2]),
                        ((*connection, "type"), "OtherConnection"), ((*connection, "rule", "name"), "Oja"),
                        ((*connection, "rule", "reduction"), "median"), ((*connection, "Dales_rule"), [1, 0, 1]),
                        ((*connection, "target"), "X"), (("runs", 0, "masks"), {"Y>X": "w"}), (("kind",), "encoding"),
                        (("expected", "i_Y"), [4, 1, 3]), (("runs", 0, "steps"), 3)):
            with self.subTest(path=path), self.assertRaises(NotYet):
                self.write(changed(path, x))

    def test_inputs_that_are_no_spikes_are_values(self):
        program = self.write(small_case(), in_X=npy.make((4, 1, 2), "f4", [0.5] * 8))
        self.assertIn("layer X : InputValues[2]", program.text)
        self.assertEqual(list(program.files["in_X.npy"].data), [0.5] * 8)

    def test_signs_are_given_or_those_of_sources(self):
        case = small_case()
        case["connections"][0]["Dales_rule"] = [True, False]
        program = self.write(case)
        self.assertIn('keep sign positive where file("w_dale.npy")', program.text)
        self.assertEqual((program.files["w_dale.npy"].shape, list(program.files["w_dale.npy"].data)), ((2, 1), [1, 0]))

    def pipeline_case(self, *features):
        case = small_case()
        case["connections"] = [{"source": "X", "target": "Y", "type": "MulticompartmentConnection", "pipeline": list(features)}]
        case["expected"] = {"s_Y": [4, 1, 3], "draw_bernoulli": [8, 2, 3], "w_X_Y_twin": [2, 2, 3]}
        return case

    def test_a_feature_reads_the_value_of_its_parent(self):
        first = {"type": "Probability", "name": "chance", "value": "w", "range": [0, 1], "norm": None, "decay": 0.0,
                 "rule": {"name": "PostPre", "nu": [0.1, 0.1], "reduction": "sum"}}
        twin = {"type": "Probability", "name": "twin", "value": "w", "range": [0, 1], "parent_feature": "chance", "rule": {"name": "NoOp"}}
        arrays = {"draw_bernoulli": npy.make((8, 2, 3), "f4", [1, 0] * 24), "w_X_Y_twin": npy.make((2, 2, 3), "f4", [0.5] * 12)}
        text = self.write(self.pipeline_case(first, twin), **arrays).text
        self.assertIn("probability_2 : probability = shared probability", text)
        self.assertIn("record X_Y.probability_2 every 2 steps", text)
        with self.assertRaises(NotYet):
            self.write(self.pipeline_case(twin, first), **arrays)

    def test_any_rule_on_any_feature_that_can_learn(self):
        rule = {"name": "Hebbian", "nu": [0.1, 0.1], "reduction": None}
        for kind, word in (("Bias", "bias"), ("Intensity", "intensity"), ("Weight", "weight")):
            case = self.pipeline_case({"type": kind, "name": "twin", "value": "w", "range": [0, 1], "rule": rule}, {"type": "MeanField", "name": "all"})
            case["connections"][0]["traces"] = True
            case["runs"][0]["masks"] = {"X>Y": "w"}  # which a pipeline does not heed
            del case["expected"]["draw_bernoulli"]
            text = self.write(case, w_X_Y_twin=npy.make((2, 2, 3), "f4", [0.5] * 12)).text
            self.assertRegex(text, rf'{word} = file\("w.npy"\) .*learn Hebbian\(.*reduce sum over batch')
            self.assertIn("mean_field = 1", text)
            self.assertNotIn("zero", text)

    def test_sums_of_the_input(self):
        case = small_case()
        case["layers"][0]["sum_input"] = True
        case["expected"]["summed_X"] = [4, 1, 2]
        text = self.write(case, summed_X=npy.make((4, 1, 2), "f4", [1, 0, 2, 0, 3, 0, 4, 0])).text
        self.assertIn("trace summed { tau = inf ; on spike add 1 }", text)
        case = small_case()
        case["layers"][1] = {"name": "Y", "type": "CSRMNodes", "shape": [3], "sum_input": True, "res_window_size": 2}
        case["connections"][0]["rule"] = None
        case["expected"]["summed_Y"] = [4, 1, 2, 3]
        program = self.write(case, summed_Y=npy.make((4, 1, 2, 3), "f4", range(24)))
        self.assertEqual(list(program.expected["summed_Y"].data), [3, 4, 5, 9, 10, 11, 15, 16, 17, 21, 22, 23])

    def test_an_input_layer_that_something_is_connected_to(self):
        case = small_case()
        case["connections"][0]["rule"] = None
        case["connections"].append({"source": "Y", "target": "X", "type": "Connection", "w": "back"})
        text = self.write(case, back=npy.make((3, 2), "f4", [1] * 6)).text
        self.assertIn("layer X : PassThrough[2]", text)
        self.assertIn("connect Y -> X", text)

    def test_first_values_of_a_pipeline_lie_in_the_range(self):
        weight = {"type": "Weight", "name": "twin", "value": "w", "range": [0, 1], "norm": None, "decay": 0.0, "enforce_polarity": True,
                  "rule": {"name": "PostPre", "nu": [0.1, 0.1], "reduction": "sum"}}
        case = self.pipeline_case(weight)
        del case["expected"]["draw_bernoulli"]
        arrays = {"w_X_Y_twin": npy.make((2, 2, 3), "f4", [0.5] * 12)}
        self.assertIn("keep sign per pre", self.write(case, **arrays).text)
        weight["range"] = [0, 0.25]
        with self.assertRaises(NotYet):
            self.write(case, **arrays)

    def test_a_clamped_neuron_hides_the_survivor(self):
        flags, shown, trace = [1, 0, 1, 1, 1, 1], [1, 1, 0, 1, 1, 0], [0.5, 0, 1, 0, 1, 0.5]
        self.assertEqual(list(survivor_draws(flags, shown, 3, trace, [{1, 2}, {0}])), [0.25, 0.5])
        self.assertEqual(list(survivor_draws(flags, shown, 3, None, [{0, 1, 2}, {0}])), [0.25, 0.5])

    def test_one_spike_needs_its_candidates(self):
        case = small_case()
        case["layers"][1].update(type="DiehlAndCookNodes", theta_plus=0.1, tc_theta_decay=1e7, one_spike=True)
        self.assertRaises(NotYet, self.write, case)
        case["expected"]["cand_Y"] = [4, 1, 3]
        flags = [0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1]
        program = self.write(case, cand_Y=npy.make((4, 1, 3), "u1", flags),
                             s_Y=npy.make((4, 1, 3), "u1", [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0]))
        self.assertIn('draws Y.keep from "keep_Y.npy"', program.text)
        self.assertEqual(list(program.files["keep_Y.npy"].data), [0, 0.75, 0, 0.25])
        self.assertEqual(program.files["keep_Y.npy"].shape, (4, 1))


class Comparing(Folder):
    def test_the_expected_results_pass(self):
        program = self.write(small_case())
        self.assertEqual(check_all(program, self.results(program)), [])

    def test_each_array_is_looked_at(self):
        program = self.write(small_case())
        for check in program.checks:
            want = program.expected[check.key]
            data = array(want.data.typecode, want.data)
            data[0] = 1 if check.events else data[0] + 0.01
            changed = program._replace(expected={**program.expected, check.key: want._replace(data=data)})
            out = self.results(program)
            complaints = check_all(changed, out)
            self.assertEqual(len(complaints), 1)
            self.assertIn(check.key, complaints[0])
            for file in out.iterdir():
                file.unlink()
            out.rmdir()

    def test_missing_and_broken_files_are_told(self):
        program = self.write(small_case())
        out = self.results(program)
        (out / "Y.v.npy").unlink()
        (out / "Y.spikes.npy").write_bytes(b"nothing")
        self.assertEqual(len(check_all(program, out)), 2)

    def test_tolerances(self):
        shape = (2,)
        self.assertIsNone(difference([-65.0, 1.0], [-65.006, 1.00019], shape, 1e-4))
        self.assertIn("1 of 2", difference([-65.0, 1.0], [-65.007, 1.0], shape, 1e-4))
        self.assertIn("[1]", difference([0.0, 3e-5], [0.0, 0.0], shape, 2e-5))
        self.assertIsNone(difference([0.0, 1e-5], [0.0, 0.0], shape, 2e-5))
        self.assertIn("first at [1]: 1 instead of 0", difference([0, 1], [0, 0], shape, None))
        self.assertIn("values instead of", difference([0], [0, 0], shape, None))

    def test_what_is_not_a_number_differs(self):
        nan, inf = float("nan"), float("inf")
        self.assertIsNotNone(difference([nan], [0.0], (1,), 1e-4))
        self.assertIsNotNone(difference([0.0], [nan], (1,), 1e-4))
        self.assertIsNotNone(difference([inf], [0.0], (1,), 1e-4))
        self.assertIsNotNone(difference([0.0, 9.0, nan], [0.0, 0.0, 1.0], (3,), 1e-4))
        self.assertIsNone(difference([inf, nan], [inf, nan], (2,), 1e-4))

    def test_events_are_spread_over_the_shape(self):
        events = npy.Events(["t", "b", "i"], [(0, 1, 2), (3, 0, 0)])
        flags, why = spread(events, (4, 2, 3))
        self.assertIsNone(why)
        self.assertEqual([k for k, x in enumerate(flags) if x], [5, 18])
        self.assertIn("outside", spread(npy.Events(["t", "b", "i"], [(4, 0, 0)]), (4, 2, 3))[1])

    def test_one_spike_too_many_is_a_difference(self):
        program = self.write(small_case())
        program = program._replace(checks=[Check("s_Y", "Y.spikes.npy", True, None)])
        out = self.folder / "out"
        out.mkdir()
        npy.save_events(out / "Y.spikes.npy", EVENTS, [(1, 0, 0), (3, 0, 1), (3, 0, 2), (2, 0, 0)])
        self.assertIn("1 of 12 differ, first at [2, 0, 0]", check_all(program, out)[0])


if __name__ == "__main__":
    unittest.main()
