"""models.py: how the node types, features and rules of the golden format are called in the language, and which fields of theirs
are understood."""


class Model:
    """How a node type is written: the library's name, its parameters, its states by array name, the parameters that
    hold given states, the given matrix that is a recurrent connection, the draw site fed by draw_uniform, and the
    fields that only say how the given states were made."""
    def __init__(self, name, params, states, summed=False, given=None, recurrent=None, draws=None, ignored=()):
        self.name, self.params, self.states, self.given = name, params, dict(states), given or {}
        self.recurrent, self.draws, self.ignored = recurrent, draws, set(ignored)
        if summed:
            self.states["summed"] = "summed"


# field of case.json -> (parameter, unit, BindsNET's default); None leaves the library's default (no bound)
LIF = {
    "rest": ("rest", " mV", -65), "reset": ("reset", " mV", -65), "thresh": ("threshold", " mV", -52),
    "tc_decay": ("tau", " ms", 100), "refrac": ("refractory", " ms", 5), "lbound": ("floor", " mV", None),
}
ADAPTIVE = {**LIF, "theta_plus": ("theta_plus", " mV", 0.05), "tc_theta_decay": ("tau_theta", " ms", 1e7)}
VOLTAGE = {"v": "v", "refrac_count": "wait"}
ADAPTED = {**VOLTAGE, "theta": "theta"}
MODELS = {
    "Input": Model("Input", {}, {}),
    "PassThroughNodes": Model("PassThrough", {}, {}),
    "LIFNodes": Model("LIF", LIF, VOLTAGE, summed=True),
    "BoostedLIFNodes": Model("BoostedLIF", {
        "thresh": ("threshold", " mV", 13), "tc_decay": ("tau", " ms", 100), "refrac": ("refractory", " ms", 5),
        "reset": ("reset", " mV", None), "lbound": ("floor", " mV", None),
    }, VOLTAGE, summed=True),
    "IFNodes": Model("IF", {key: LIF[key] for key in ("reset", "thresh", "refrac", "lbound")}, VOLTAGE, summed=True),
    "SubtractiveResetIFNodes": Model("SubtractiveIF", {key: LIF[key] for key in ("reset", "thresh", "refrac", "lbound")},
                                     VOLTAGE, summed=True),
    "CurrentLIFNodes": Model("CurrentLIF", {**LIF, "tc_i_decay": ("tau_current", " ms", 2)}, {**VOLTAGE, "i": "current"},
                             summed=True),
    "McCullochPitts": Model("McCullochPitts", {"thresh": ("threshold", "", 1)}, {"v": "v"}, summed=True),
    "IzhikevichNodes": Model("Izhikevich", {
        "thresh": ("threshold", " mV", 45), "rest": ("rest", " mV", -65), "lbound": ("floor", " mV", None),
    }, {"v": "v", "u": "u"}, summed=True, given={"a": "a", "b": "b", "c": "c", "d": "d"}, recurrent="S",
        ignored={"excitatory"}),
    "SRM0Nodes": Model("SRM0", {
        **LIF, "rest": ("rest", " mV", -70), "reset": ("reset", " mV", -70), "thresh": ("threshold", " mV", -50),
        "tc_decay": ("tau", " ms", 10), "eps_0": ("eps_0", "", 1), "rho_0": ("rho_0", "", 1),
        "d_thresh": ("d_thresh", " mV", 5),
    }, {**VOLTAGE, "prob": "probability"}, summed=True, draws="u"),
    "CSRMNodes": Model("CSRM", {
        "rest": ("rest", " mV", -65), "thresh": ("threshold", " mV", -52), "tau": ("tau", " ms", 1),
        "res_window_size": ("window", "", 20), "ref_window_size": ("memory", "", 10),
        "reset_const": ("reset_amount", " mV", 50), "tc_decay": ("tau_membrane", " ms", 100),
        "theta_plus": ("theta_plus", " mV", 0.05), "tc_theta_decay": ("tau_theta", " ms", 1e7),
        "lbound": ("floor", " mV", None),
        "responseKernel": {"ExponentialKernel": "", "AlphaKernel": "alpha = true", "AlphaKernelSLAYER": "slayer = true",
                           "LaplacianKernel": "laplacian = true", "TriangularKernel": "triangular = true"},
        "refractoryKernel": {"EtaKernel": ""},
    }, {"v": "v", "theta": "theta"}, summed=True, given={"theta": "theta_start"}),
    "AdaptiveLIFNodes": Model("AdaptiveLIF", ADAPTIVE, ADAPTED, summed=True, given={"theta": "theta_start"}),
    "DiehlAndCookNodes": Model("DiehlCook", {**ADAPTIVE, "one_spike": ("one_spike", "", True)},
                               {**ADAPTED, "cand": "candidate"}, summed=True, given={"theta": "theta_start"}),
}
FEATURES = {
    "Weight": "weight", "Bias": "bias", "Mask": "mask", "Intensity": "intensity", "Probability": "probability",
    "Degradation": "degradation", "MeanField": "mean_field", "AdaptationBaseSynapsHistory": "adaptation", "AdaptationBaseOtherSynaps": "adaptation",
}
NEVER_LEARN = {"mask", "adaptation", "mean_field"}   # a bit, its own mechanism, no value

VALUED = {"Input": "InputValues", "PassThroughNodes": "PassThrough"}     # models for spikes with values

COMMON_LAYER = {"name", "type", "shape", "learning", "traces", "traces_additive", "tc_trace", "trace_scale", "sum_input", "state"}
KNOWN_CONNECTION = {"source", "target", "type", "w", "b", "wmin", "wmax", "norm", "weight_decay", "rule", "Dales_rule"}
KNOWN_PIPELINE = {"source", "target", "type", "pipeline", "manual_update", "traces"}      # traces: only keeps its sum
KNOWN_FEATURE = {"type", "name", "value", "sparse", "norm_frequency", "range", "norm", "decay", "rule", "parent_feature", "enforce_polarity"}
# fields of a feature that only its kind has; a network of numbers is [units, window] and [1, units]
OWN_FIELDS = {"degradation": {"factor"}, "adaptation": {"ann_hidden", "ann_out", "const_update_rate", "const_decay"}}
KNOWN_RULE = {"name", "nu", "reduction", "average_update", "continues_update"}
# what a pipeline may say once for the rules of all its features (4.9)
CONSTANTS = {"tc_plus", "tc_minus", "tc_e_trace", "tc_c", "average_update", "continues_update"}
KNOWN_RUN = {"steps", "reset_before", "learning", "one_step", "clamp", "unclamp", "injects_v", "masks", "reward", "a_plus", "a_minus"}
KNOWN_CASE = {"case", "about", "dt", "batch", "learning", "steps", "layers", "connections", "inputs", "runs",
              "w_every", "given", "expected", "quirk"}

# Words that a layer may not be called here: reserved ones, those that begin a statement, and names that the
# program needs for something else.
TAKEN = set("""and or not if else for in true false let inf as by to from
    param const dt seed batch data layer connect draws record plot experiment neuron feature rule signal
    state trace step spike keep run reset freeze thaw vote report save learn learns needs input weight bias mask
    exp log sqrt abs floor ceil min max random bernoulli poisson uniform normal file idx drawn_digits i j
    Input InputValues LIF IF SubtractiveIF BoostedLIF CurrentLIF AdaptiveLIF DiehlCook McCullochPitts Izhikevich SRM0 CSRM
    told Poisson PoissonIntervals PostPre Hebbian WeightDependentPostPre MSTDP MSTDPET Rmax NoOp reward a_plus a_minus clamp silence inject zero where into""".split())


class Rule:
    """How a rule is written: constants by field, the traces it keeps, its states by array name."""
    def __init__(self, params=None, traces=None, states=None, third=False, needs_bounds=False, amplitudes=(), scaled=True):
        self.params, self.traces, self.states = params or {}, traces or {}, states or {}
        self.third, self.needs_bounds, self.amplitudes, self.scaled = third, needs_bounds, set(amplitudes), scaled


AMPLITUDES = {"a_plus": 1, "a_minus": -1}            # their defaults
BOTH = {"pre": "_pre", "post": "_post"}
PLUS_MINUS = {"tc_plus": "tau_plus", "tc_minus": "tau_minus"}
ELIGIBILITY = {"p_plus": "p_plus", "p_minus": "p_minus", "eligibility": "eligibility"}
TRACED = {**ELIGIBILITY, "eligibility_trace": "eligibility_trace"}
RULES = {
    "PostPre": Rule(traces=BOTH),
    "Hebbian": Rule(traces=BOTH, scaled=False),
    "WeightDependentPostPre": Rule(traces=BOTH, needs_bounds=True, scaled=False),
    "MSTDP": Rule(PLUS_MINUS, states=ELIGIBILITY, third=True, amplitudes=AMPLITUDES, scaled=False),
    "MSTDPET": Rule({**PLUS_MINUS, "tc_e_trace": "tau_e"}, states=TRACED, third=True, amplitudes=AMPLITUDES, scaled=False),
    "Rmax": Rule({"tc_c": "tau_c", "tc_e_trace": "tau_e"}, {"pre": ""}, {"eligibility_trace": "eligibility_trace"},
                 third=True, scaled=False),
}
