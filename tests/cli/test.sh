# Tests in programs and models: one line each, places of what is not met, exit codes.
cat >ok.snn <<'END'
param n = 3
rule Pair(nu = 0.1, tau = 20 ms) {
    learns w
    trace x of pre { tau = tau ; on spike set 1 }
    on post { w += nu * x }
    test "one pair" {
        pre at [10 ms] ; post at [15 ms]
        w = 0.5
        expect w near 0.5 + nu * exp(-5 ms / tau) within 0.01%
        expect dw near nu * exp(-5 ms / tau) within 0.01%
        expect post.spikes at [15 ms]
    }
    test "window" { sweep post - pre in -2 ms .. 2 ms by 1 ms ; golden "window.csv" }
}
neuron Leaky(rest = -60 mV, tau = 10 ms, threshold = -50 mV) {
    state v = rest
    step { v = rest + (v - rest) * exp(-dt / tau) + input ; if v > threshold { spike ; v = rest } }
    test "decay" { v = -55 mV ; run 50 ms ; expect v at 20 ms near rest + 5 mV * exp(-20 ms / tau) within 0.001 mV }
    test "input" {
        input 2 mV during 10 ms .. 60 ms
        run 100 ms
        expect v at 10 ms == rest
        expect spikes == 7
        expect spikes at [17 ms, 24 ms, 31 ms, 38 ms, 45 ms, 52 ms, 59 ms]
    }
}
feature scaled(value) { signal *= value
    test "a spike" { pre at [10 ms] ; value = 0.5 ; run 20 ms ; expect signal at 11 ms == 0.5 ; expect signal at 12 ms == 0 }
}
layer a : Poisson[100](rate = 200 Hz)
layer b : Leaky[n]
connect a -> b as input { weight = 0.1 mV }
experiment { run 1 s }
test "rate" { expect rate of a near 200 Hz within 5% ; expect mean(input.weight) near 0.1 mV within 1e-6 mV }
test "size" { set n = 2 ; run 10 ms ; expect sum(start(input.weight)) near 20 mV within 0.01 mV ; expect b.spikes[1] < 5 }
END
nextcode snnc test ok.snn --filter window
nextcode snnc test ok.snn --filter window --update
cat window.csv
nextcode snnc test ok.snn
nextcode snnc test . --engine eval --filter 'Pair: '
cat >bad.snn <<'END'
neuron Leaky(rest = -60 mV, tau = 10 ms) {
    state v = rest
    step { v = rest + (v - rest) * exp(-dt / tau) + input }
    test "off by much" { v = -55 mV ; expect v at 20 ms near rest + 4 mV within 1% ; expect spikes == 1 ; expect v at 3 ms > 0 mV }
    test "beyond" { run 10 ms ; expect v at 20 ms near rest within 1% }
    test "between steps" { run 10 ms ; expect v at 1.5 ms near rest within 1% }
    test "unit" { run 10 ms ; expect v near 3 ms within 1% }
    test "distance" { run 10 ms ; expect v near rest within 1 ms }
    test "name" { run 10 ms ; expect vv near rest within 1% }
    test "nothing" { run 10 ms }
    test "no run" { expect v near rest within 1% }
    test "saying nothing" { run 10 ms ; expect v }
    test "event" { pre at [3 ms] ; expect v near rest within 1% }
    test "set" { tau = 3 ms ; run 3 ms ; expect v near rest within 1% }
    test "empty sweep" { sweep d in 5 ms .. 1 ms by 1 ms ; run 10 ms ; golden "x.csv" of v }
    test "no file" { input 1 mV at [3 ms] ; golden "nowhere.csv" of v }
    test "place" { run 10 ms ; expect v[3] near rest within 1% }
}
rule Gated(nu = 1) {
    learns w
    needs reward
    each step { w += nu * reward * pre.spike }
    test "no reward" { pre at [10 ms] ; expect dw near 1 within 1% }
    test "reward" { pre at [10 ms] ; reward = 2 at [10 ms] ; run 20 ms ; expect dw == 2 }
    test "misspelt" { pre at [10 ms] ; rewad = 1 at [3 ms] ; reward = 1 ; expect dw == 1 }
}
END
nextcode snnc test bad.snn
nextcode snnc test nowhere.snn
nextcode snnc test ok.snn --filter nonsense
printf 'rule A {\n    learns w\n    test "x" { expct w }\n}\n' >syntax.snn
nextcode snnc test syntax.snn
