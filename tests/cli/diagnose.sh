# --diagnose: rates, values at their bounds, updates of rules; the first number that is none, with its place.
cat >net.snn <<'EOF'
dt = 1 ms
layer a : Poisson[4](rate = 100 Hz)
layer b : LIF[3]
layer deaf : LIF[2](threshold = 1e6 mV)
connect a -> b as ab { weight = 14 { range [0, 15] ; learn PostPre(nu = (pre: 0, post: 1)) } }
connect b -> deaf { weight = normal(0, 1) }                    # without bounds: nothing is known before the run
experiment { run 200 ms ; freeze ; run 100 ms }
EOF
nextcode snnc run net.snn --diagnose --quiet --no-results
for engine in eval c; do
	snnc run net.snn --diagnose --quiet --no-results --engine $engine 2>$engine.txt
done
snnc run net.snn --diagnose --quiet --no-results 2>jit.txt
snnc build net.snn --diagnose -o net && ./net --quiet --no-results 2>built.txt
cmp jit.txt eval.txt && cmp jit.txt c.txt && cmp jit.txt built.txt && echo the same diagnosis
snnc run net.snn --quiet --out plain && snnc run net.snn --diagnose --quiet --out watched 2>/dev/null
cmp plain/manifest.json watched/manifest.json && echo the same results

cat >bad.snn <<'EOF'
dt = 0.5 ms
neuron Root(tau = 10 ms) {
    state v = 0
    state far = -inf
    step {
        v = sqrt(input + 1 - 0.01 * v * v) + v
        far = max(far, v)
        if v >= 40 { spike ; v = far }
    }
}
layer source : Poisson[10](rate = 100 Hz)
layer target : Root[5]
connect source -> target { weight = 0.1 if j == 3 else 2 }
experiment { run 100 ms }
EOF
nextcode snnc run bad.snn --diagnose --quiet --no-results
nextcode snnc run bad.snn --diagnose --quiet --no-results --engine eval
