# What was made of a program: text and Markdown; and what a message means.
cat > net.snn <<'END'
neuron Cell(tau = 20 ms, E = 10 mV) {
    v' = (-v + input) / tau
    u' = (v * v / (1 mV) - u) / (5 * tau)
    spike when v - u > E { v = 0 mV }
}
layer a : Poisson[600](rate = 20 Hz)
layer b : Cell[600]
connect a -> b as c { weight = uniform(0 mV, 1 mV) { range [0, 1 mV] ; learn PostPre() } }
experiment { run 10 ms }
record b.spikes
END
snnc explain net.snn
snnc explain net.snn --exact | sed -n '/^Why/,$p'
snnc explain net.snn --markdown | sed -n '/^## Loops/,$p'
snnc explain E0528
nextcode snnc explain nowhere.snn
