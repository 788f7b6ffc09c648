#!/usr/bin/env python3
"""test_fields.py: what a case may say beyond the plain one: the program that each field becomes, and what is refused."""
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "tools")]

import npy                                           # noqa: E402
from test_harness import Folder, small_case          # noqa: E402
from words import NotYet, spread                     # noqa: E402

W = [2, 3]                                           # the shape of the weights of small_case


def values(shape, x=0.5, dtype="f4"):
    n = 1
    for extent in shape:
        n *= extent
    return npy.make(shape, dtype, [x] * n)


class Fields(Folder):
    def changed(self, layer=None, connection=None, run=None, **case):
        out = small_case(**case)
        out["layers"][1].update(layer or {})
        out["connections"][0].update(connection or {})
        out["runs"][0].update(run or {})
        return out

    def says(self, text, case, **arrays):
        program = self.write(case, **arrays)
        self.assertIn(text, program.text)
        return program

    def refuses(self, text, case, **arrays):
        with self.assertRaisesRegex(NotYet, text):
            self.write(case, **arrays)

    def pipeline(self, *features, **more):
        case = small_case(expected={"s_Y": [4, 1, 3]})
        case["connections"] = [{"source": "X", "target": "Y", "type": "MulticompartmentConnection", "pipeline": list(features), **more}]
        return case


class Layers(Fields):
    def test_a_number_of_neurons_is_a_shape(self):
        self.says("layer Y : LIF[3]", self.changed(layer={"n": 3, "shape": None}))
        self.refuses("4 neurons", self.changed(layer={"n": 4}))

    def test_numbers_meet_a_layer_as_in_numpy(self):
        case = self.changed(layer={"shape": [3, 1], "thresh": [[-50], [-51], [-52]], "tc_decay": [[90.0]]})
        self.says("threshold = [-50 mV, -51 mV, -52 mV], tau = [90 ms, 90 ms, 90 ms]", case)
        self.assertEqual(spread([1, 2], (2, 1), (2, 3), ""), [1, 1, 1, 2, 2, 2])
        self.assertEqual(spread([1, 2, 3], (3,), (2, 3), ""), [1, 2, 3, 1, 2, 3])
        self.assertRaises(NotYet, spread, [1, 2], (2,), (2, 3), "")

    def test_parameters_may_be_arrays(self):
        case = self.changed(layer={"thresh": "th", "lbound": "low", "trace_scale": "low"})
        self.says("threshold = [-50 mV, -50 mV, -50 mV]", case, th=values([3], -50), low=values([1], 2))
        self.says("floor = [2 mV, 2 mV, 2 mV]", case, th=values([3], -50), low=values([1], 2))

    def test_any_state_may_have_first_values(self):
        case = self.changed(layer={"state": {"v": "v0", "refrac_count": "r0"}})
        self.says('v = file("v0.npy"), wait = file("r0.npy")', case, v0=values([3]), r0=values([3]))
        case["runs"] = [{"steps": 2}, {"steps": 2, "reset_before": True}]
        self.refuses("resets", case, v0=values([3]), r0=values([3]))

    def test_one_flag_for_learning(self):
        self.says("layer Y", self.changed(layer={"learning": True}))
        self.refuses("`learning` of layer Y", self.changed(layer={"learning": False}))

    def test_what_boosted_neurons_could_have(self):
        boosted = {"type": "BoostedLIFNodes", "reset": 1.0, "lbound": -2.0, "rest": None}
        self.says("BoostedLIF[3](threshold = -52 mV, tau = 100 ms, refractory = 5 ms, reset = 1 mV, floor = -2 mV)", self.changed(layer=boosted))

    def test_draws_of_several_layers(self):
        case = self.changed(layer={"type": "SRM0Nodes"}, expected={"draw_uniform": [4, 5]})
        case["layers"].append({"name": "Z", "type": "SRM0Nodes", "shape": [2]})
        program = self.write(case, draw_uniform=npy.make((4, 5), "f4", range(20)))
        self.assertEqual(list(program.files["draw_Y.npy"].data)[:4], [0, 1, 2, 5])
        self.assertEqual(list(program.files["draw_Z.npy"].data)[:4], [3, 4, 8, 9])
        case["expected"] = {"draw_uniform_Y": [4, 1, 3], "draw_uniform_Z": [4, 1, 2]}
        self.says('draws Z.u from "draw_Z.npy"', case, draw_uniform_Y=values([4, 1, 3]), draw_uniform_Z=values([4, 1, 2]))
        del case["expected"]["draw_uniform_Z"]
        self.refuses("the draws of layer Z", case)


class Connections(Fields):
    def test_numbers_may_stand_in_the_case(self):
        program = self.write(self.changed(connection={"w": [[1, 2, 3], [4, 5, 6]], "b": [1]}))
        self.assertEqual(list(program.files["w_X_Y.npy"].data), [1, 2, 3, 4, 5, 6])
        self.assertEqual(list(program.files["b_X_Y_rows.npy"].data), [1, 1, 1, 0, 0, 0])

    def test_one_norm_or_one_of_each_target(self):
        self.says("norm [1, 2, 3] per post each run ;", self.changed(connection={"norm": [1, 2, 3]}))
        self.says("norm [0.5, 0.5, 0.5] per post each run ;", self.changed(connection={"norm": "n"}), n=values([3]))

    def test_a_local_norm_counts_taps(self):
        local = {"type": "LocalConnection", "kernel_size": [1, 2], "stride": 1, "n_filters": 3, "norm": [1, 2, 3]}
        self.says("norm [2, 4, 6] per post each run of signed sum", self.changed(connection=local))

    def test_holes_that_a_mask_opens(self):
        w = npy.make(W, "f4", [0.5, 0, 0.5, 0.5, 0, 0.5])
        local = {"type": "LocalConnection", "kernel_size": 1, "stride": 1, "n_filters": 3}
        case = self.changed(connection=local, expected={"w_X_Y": [2, 2, 3]})
        arrays = {"w": w, "w_X_Y": npy.make([2, 2, 3], "f4", list(w.data) * 2)}
        self.says('by sparse("w.npy")', case, **arrays)
        case["runs"] = [{"steps": 2, "masks": {"X>Y": "m"}}, {"steps": 2}]
        text = self.write(case, **arrays, m=npy.make(W, "u1", [0, 1, 0, 0, 1, 1])).text
        self.assertIn('zero X_Y.weight where file("m.npy")', text)
        self.assertIn("by sparse", text)
        program = self.write(case, **arrays, m=npy.make(W, "u1", [0, 0, 0, 0, 1, 1]))
        self.assertNotIn("by sparse", program.text)
        self.assertEqual(program.text.count('zero X_Y.weight where file("m.npy")'), 1)
        self.assertEqual(program.text.count('zero X_Y.weight where file("w_holes.npy")'), 1)
        self.assertEqual(list(program.files["w_holes.npy"].data), [0, 1, 0, 0, 1, 0])

    def test_synapses_that_come_into_being(self):
        w = npy.make(W, "f4", [0.5, 0, 0.5, 0.5, 0, 0.5])
        case = self.changed(connection={"type": "SparseConnection"})
        self.assertNotIn("by sparse", self.write(case, w=w).text)
        grown = npy.make([2, 2, 3], "f4", list(w.data) * 2)
        self.assertIn("by sparse", self.write(case, w=w, w_X_Y=grown, final_w_X_Y=w).text)

    def test_lists_beside_a_list_of_synapses_are_matrices(self):
        w = npy.make(W, "f4", [0.5, 0, 0, 0, 0.5, 0.5])
        case = self.changed(connection={"type": "SparseConnection"}, expected={})
        case["connections"][0]["rule"]["nu"] = [[1, 2, 3], 0]
        program = self.write(case, w=w)
        self.assertRegex(program.text, r'pre: file\("w_\d.npy"\)')
        self.assertIn((1, 3), [a.shape for a in program.files.values()])

    def test_a_mean_field_of_one_number(self):
        field = {"type": "MeanFieldConnection", "rule": None}
        program = self.says("weight = 0.5", self.changed(connection=field), w=values([]), w_X_Y=values([2], 0.5), final_w_X_Y=values([]))
        self.assertEqual((len(program.expected["w_X_Y"].data), len(program.expected["final_w_X_Y"].data)), (6, 3))

    def test_time_constants_of_each_neuron(self):
        rule = {"name": "MSTDP", "nu": [0.1, 0], "tc_plus": [10, 20], "tc_minus": [1, 2, 3]}
        program = self.says("tau_minus = [1, 2, 3]", self.changed(connection={"rule": rule}))
        self.assertRegex(program.text, r'tau_plus = file\("w_\d.npy"\)')
        self.assertIn((2, 1), [a.shape for a in program.files.values()])

    def test_first_weights_are_clipped_where_bindsnet_does(self):
        noop = {"rule": {"name": "NoOp"}, "wmin": 0, "wmax": 1}
        self.says("range [0, 1]", self.changed(connection=noop))
        conv = {**noop, "type": "Conv1dConnection", "kernel_size": 1}
        arrays = {"w": values([3, 1, 1])}
        self.assertNotIn("range", self.write(self.changed(connection=conv), **arrays).text)
        self.says("range [0, inf]", self.changed(connection={**conv, "wmax": None}), **arrays)


class Pipelines(Fields):
    WEIGHT = {"type": "Weight", "name": "weight", "value": "w", "range": [None, None], "norm": None, "decay": 0.0}

    def test_what_a_connection_brings(self):
        case = self.pipeline(self.WEIGHT, traces=True)
        case["expected"]["activity_X_Y"] = [4, 1, 3]
        program = self.says("activity = 1", case, activity_X_Y=values([4, 1, 3]))
        self.assertIn("record X_Y.activity.total", program.text)

    def test_constants_of_all_rules(self):
        rule = {"name": "MSTDP", "nu": [0.1, 0], "reduction": "sum", "tc_plus": 7.0}
        case = self.pipeline({**self.WEIGHT, "rule": rule}, tc_plus=5.0, tc_minus=9.0, tc_e_trace=3.0, average_update=4)
        self.says("tau_plus = 7 ms, tau_minus = 9 ms) reduce sum over batch average over 4 steps", case)

    def test_rates_when_none_are_given(self):
        case = self.pipeline({**self.WEIGHT, "rule": {"name": "PostPre", "nu": None, "reduction": "sum"}})
        self.says("nu = (pre: 0.2, post: 0.1)", case)

    def test_values_may_be_numbers(self):
        program = self.write(self.pipeline({**self.WEIGHT, "value": 0.5}))
        self.assertEqual(list(program.files["value_X_Y_weight.npy"].data), [0.5] * 6)

    def test_draws_of_features_of_several_sizes(self):
        chance = {"type": "Probability", "name": "p", "value": "w", "range": [0, 1], "norm": None, "decay": 0.0}
        case = self.pipeline(chance)
        case["connections"].append({"source": "Y", "target": "Y", "type": "MulticompartmentConnection", "pipeline": [{**chance, "value": "w2"}]})
        case["expected"] = {"draw_bernoulli": [4, 15]}
        program = self.write(case, w2=values([3, 3]), draw_bernoulli=npy.make((4, 15), "f4", ([1] * 6 + [0] * 9) * 4))
        self.assertEqual(set(program.files["draw_X_Y_p.npy"].data), {0})
        self.assertEqual(set(program.files["draw_Y_Y_p.npy"].data), {1})
        case["expected"] = {"draw_bernoulli_X_Y_p": [4, 2, 3], "draw_bernoulli_Y_Y_p": [4, 3, 3]}
        arrays = {"draw_bernoulli_X_Y_p": values([4, 2, 3], 1), "draw_bernoulli_Y_Y_p": values([4, 3, 3], 0)}
        self.assertEqual(set(self.write(case, w2=values([3, 3]), **arrays).files["draw_Y_Y_p.npy"].data), {1})

    def test_manual_update_learns_nothing(self):
        case = self.pipeline({**self.WEIGHT, "rule": {"name": "Hebbian", "nu": [1, 1]}}, manual_update=True)
        self.assertNotIn("learn", self.write(case).text)


class Runs(Fields):
    def third(self, *connections, **more):
        case = self.changed(**more)
        case["connections"][0]["rule"] = {"name": "MSTDP", "nu": [0.1, 0]}
        for source, target, w in connections:
            case["connections"].append({"source": source, "target": target, "type": "Connection", "w": w, "rule": {"name": "MSTDP", "nu": [0.1, 0]}})
        case["expected"] = {}
        return case

    def test_amplitudes_of_some_connections(self):
        case = self.third(("Y", "Y", "w2"), run={"steps": 4, "a_plus": {"X>Y": 0.5}, "a_minus": -2})
        text = self.write(case, w2=values([3, 3])).text
        for part in ("signal a_plus_X_Y = 1", "a_plus_X_Y = 0.5", "a_plus = a_plus_X_Y", "a_minus = a_minus,", "a_minus = -2"):
            self.assertIn(part, text)
        self.assertNotIn("a_plus_Y_Y = 0.5", text)

    def test_rewards_of_targets_and_of_sources(self):
        program = self.write(self.third(run={"reward": [1, 2, 3]}, batch=2), in_X=values([4, 2, 2], 0, "u1"))
        self.assertIn("signal reward_Y of Y, item = 0", program.text)
        self.assertIn("reward = reward_Y", program.text)
        self.assertIn("for told in told_reward_Y[0 ..< 2] { reward_Y = told }", program.text)
        self.assertEqual((program.files["told_reward_Y.npy"].shape, list(program.files["told_reward_Y.npy"].data)), ((2, 3), [1, 2, 3] * 2))
        self.assertIn("signal reward_X of X, item = 0", self.write(self.third(run={"reward": [[1], [2]]})).text)
        self.refuses("`reward` of shape", self.third(run={"reward": [[1, 2, 3], [4, 5, 6]]}))

    def test_times_are_rounded_down_to_the_steps_that_are_meant(self):
        case = self.changed(dt=0.1, runs=[{"steps": 3}, {"steps": 1}])
        self.says("run 0.35 ms\n    run 0.1 ms", case)

    def test_what_is_held_may_stand_in_the_case(self):
        case = self.changed(run={"injects_v": {"Y": 2.5}, "clamp": {"Y": [1, 0, 0]}})
        program = self.says("inject file(", case)
        self.assertEqual(list(program.files["injects_v_Y_0_3.npy"].data), [2.5] * 3)
        self.assertEqual(list(program.files["clamp_Y_0_3.npy"].data), [1, 0, 0])

    def test_survivors_under_a_clamp_are_told_by_their_traces(self):
        case = self.changed(layer={"type": "DiehlAndCookNodes", "theta_plus": 0.0, "tc_theta_decay": 1e7, "traces_additive": True},
                            run={"clamp": {"Y": [1, 1, 1]}})
        case["connections"][0]["rule"] = None
        case["expected"] = {"s_Y": [4, 1, 3], "cand_Y": [4, 1, 3], "x_Y": [4, 1, 3]}
        keep = 0.9512294
        trace = [0, 0, 1, 1, 0, keep, 1 + keep, 0, keep ** 2, (1 + keep) * keep, 0, keep ** 3 + 1]
        program = self.write(case, s_Y=values([4, 1, 3], 1, "u1"), cand_Y=npy.make((4, 1, 3), "u1", [0, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1]),
                             x_Y=npy.make((4, 1, 3), "f4", trace))
        self.assertEqual(list(program.files["keep_Y.npy"].data), [0.5, 0.25, 0.25, 0.75])


if __name__ == "__main__":
    unittest.main()
