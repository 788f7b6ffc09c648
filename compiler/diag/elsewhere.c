/* elsewhere: words that people know from other languages and simulators, and what is written for them here. A word that
 * the language or a program knows never comes here. */
#include "diag/diag.h"

#include <string.h>

static const struct {
	const char *word, *help;
} words[] = {
	/* functions */
	{"rand", "in models `random()` is uniform in [0, 1); the first values of a feature are `uniform(0, 1)`"},
	{"randn", "a normal number is `normal(0, 1)`"},
	{"gauss", "a normal number is `normal(mean, deviation)`"},
	{"relu", "write `max(0, x)`"},
	{"clamp", "write `clip(x, low, high)`; neurons are clamped by `run 10 ms { clamp exc where … }`"},
	{"round", "write `floor(x + 0.5)`"},
	{"int", "write `floor(x)`; `/` is always real division"},
	{"mod", "write `a - b * floor(a / b)`"},
	{"heaviside", "write `1 if x > 0 else 0`"},
	{"where", "write `a if c else b`"},
	{"log10", "write `log(x) / log(10)`"},
	{"cosh", "write `(exp(x) + exp(-x)) / 2`"},
	{"sinh", "write `(exp(x) - exp(-x)) / 2`"},
	{"zeros", "a number is the value of all: `weight = 0`"},
	{"ones", "a number is the value of all: `weight = 1`"},
	{"load", "numbers of a file are `file(\"x.npy\")`"},
	{"delta", "what spikes bring is `input`, or comes to `receive { v += input }`"},
	/* values */
	{"pi", "write the number, or `const pi = 3.14159265358979`"},
	{"t", "models have no time; one that counts steps is a state: `state t = 0 ms ; step { t += dt }`, or an equation: `t' = 1`"},
	{"time", "models have no time; one that counts steps is a state: `state t = 0 ms ; step { t += dt }`, or an equation: `t' = 1`"},
	{"I", "what arrives at a neuron is `input`"},
	{"I_syn", "what arrives at a neuron is `input`"},
	{"noise", "white noise in an equation is `xi`"},
	/* lines */
	{"repeat", "a loop has a known number of turns: `for k in 0 ..< n { … }`"},
	{"while", "a loop has a known number of turns: `for k in 0 ..< n { … }`"},
	{"return", "the last line of a function is its value, and a handler gives nothing back"},
	{"elif", "write `else if c { … }`"},
	{"from", "models of another file come by `import \"models.snn\"`; the library is always there: `snnc info` lists it"},
	{"def", "models are declared by `neuron`, `feature` and `rule`"},
	{"class", "models are declared by `neuron`, `feature` and `rule`"},
	{"var", "a value of this step is `let x = …`, one that lasts `state x = …`"},
	{"print", "what a run shows is kept by `record exc.v`"},
	{"population", "neurons are declared by `layer exc : Model[100]`"},
	{"neurons", "neurons are declared by `layer exc : Model[100]`"},
	{"group", "neurons are declared by `layer exc : Model[100]`"},
	{"synapse", "synapses are declared by `connect a -> b { weight = 1 }`"},
	{"synapses", "synapses are declared by `connect a -> b { weight = 1 }`"},
	{"connection", "write `connect a -> b { weight = 1 }`"},
	{"projection", "write `connect a -> b { weight = 1 }`"},
	{"monitor", "what is kept of a run is said by `record exc.v`"},
	{"simulate", "write `experiment { run 1 s }`"},
	{"model", "models are declared by `neuron`, `feature` and `rule`"},
	{"threshold", "write `spike when v > threshold { v = reset }`"},
	{"reset", "write `spike when v > threshold { v = reset }`"},
	{"on_pre", "write `on pre { … }`"},
	{"on_post", "write `on post { … }`"},
	{"method", "write `method = rk4`"},
	{"equations", "an equation is a line of the model: `v' = -v / tau`"},
};

const char *
elsewhere_help(const char *word)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcmp(words[i].word, word) == 0)
			return words[i].help;
	}
	return NULL;
}
