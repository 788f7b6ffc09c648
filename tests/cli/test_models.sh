# What tests of models and programs can say: ports, equations, voltages over time, several neurons, sweeps, goldens, traces.
cat >models.snn <<'END'
param tau0 = 20 ms
neuron Synaptic(El = -60 mV, Ee = 0 mV, tau = 20 ms, tau_e = 5 ms, Vt = -50 mV) {
    ge' = -ge / tau_e
    v' = ((El - v) + ge * (Ee - v)) / tau
    state v = El
    receive exc { ge += input }
    spike when v > Vt { v = El } refractory 5 ms hold v
    test "port" { receive exc 0.5 at [10 ms] ; run 50 ms ; expect ge at [10 ms, 15 ms] near [0.5, 0.5 * exp(-1)] within 0.1% ; expect v at 9 ms == El }
    test "initial value" { ge = 0.25 ; run 5 ms ; expect ge near 0.25 * exp(-1) within 0.1% }
    test "no such port" { receive inh 2 ; run 50 ms ; expect spikes > 3 }
}
neuron Exact(rest = -60 mV, tau = 10 ms) {
    v' = (rest - v) / tau + input / 1 ms
    state v = rest
    test "over a parameter" {
        sweep tau in 5 ms .. 20 ms by 5 ms
        v = -55 mV ; run 20 ms
        expect v near rest + 5 mV * exp(-20 ms / tau) within 0.001 mV
        golden "tau.csv" of v
    }
    test "over time" { v = -55 mV ; run 20 ms ; golden "v.csv" of v }
    test "over a drive" { sweep drive in 0.5 mV .. 1.5 mV by 0.5 mV ; input drive ; run 200 ms ; golden "drive.csv" of v - rest }
}
rule Volt(nu = 1, theta = -50 mV) {
    learns w
    each step { w += nu * pre.spike * (post.v - theta) / 1 mV if post.v > theta else 0 }
    test "a voltage over time" { pre at [10 ms] ; post.v = -60 mV + 2 mV * t / 1 ms ; run 20 ms ; expect dw near 10 within 0.01% }
    test "a list" { pre at [2 ms] ; post.v = [-40 mV, -30 mV, -20 mV] ; run 5 ms ; expect dw near 20 within 0.01% }
    test "no voltage" { pre at [2 ms] ; run 5 ms ; expect dw near 20 within 0.01% }
}
rule Pair(nu = 0.1, tau = tau0) {
    learns w
    trace x of pre { tau = tau ; on spike set 1 }
    state n of post
    on post { w += nu * x ; n += 1 }
    test "several neurons" {
        pre[0] at [10 ms] ; pre[2] at [12 ms] ; post[1] at [15 ms]
        expect dw[0, 1] near nu * exp(-5 ms / tau) within 0.01%
        expect dw[1, 1] == 0
        expect w[2, 1] near nu * exp(-3 ms / tau) within 0.01%
        expect n[1] == 1
        expect x[0] at [10 ms, 12 ms] near [1, exp(-2 ms / tau)] within 0.01%
    }
    test "over the first weight" { sweep w in 0 .. 1 by 0.5 ; pre at 10 ms ; post at 15 ms ; golden "first.csv" of w }
    test "over a time" { sweep d in 1 ms .. 3 ms by 1 ms ; pre at 10 ms ; post at [10 ms + d, 20 ms + d] ; golden "time.csv" ; expect dw > 0 }
    test "fine steps" { dt = 0.1 ms ; pre at [1.1 ms] ; post at [3 ms] ; expect dw near nu * exp(-1.9 ms / tau) within 0.01% }
    test "off the steps" { pre at [1.1 ms] ; post at [3 ms] ; expect dw > 0 }
    test "many pairs" { pre at 1 ms ; post at 2 ms ; repeat 100 times every 1 s ; expect dw near 100 * nu * exp(-1 ms / tau) within 0.1% }
}
END
snnc test models.snn --update >/dev/null
cat tau.csv drive.csv first.csv time.csv
head -2 v.csv
nextcode snnc test models.snn
nextcode snnc test models.snn --precision f64 --filter over
snnc test models.snn --engine eval --filter 'over a time' --dump elab
snnc test models.snn --engine eval --filter 'many pairs' --dump sema | grep -A40 experiment
sed -i 's/0.5,.*/0.5,0.7/' first.csv
nextcode snnc test models.snn --filter 'first weight'
cat >events.snn <<'END'
rule Ev(nu = 1) {
    learns w
    needs reward
    state n of connection
    on reward { w += nu * reward ; n += 1 }
    test "events" { reward = 2 at [10 ms, 30 ms] ; run 50 ms ; expect dw == 4 ; expect n == 2 }
    test "set" { reward = 2 ; run 50 ms ; expect dw == 2 ; expect n == 1 }
}
rule Prune(least = 0.5) {
    learns m : bool
    needs strength
    each step { if m and strength < least { m = false } }
    test "prunes" { m = true ; strength = 1 ; strength = 0.2 at [5 ms] ; run 10 ms ; expect m at [4 ms] ; expect not m at 5 ms ; expect not m }
}
rule Scaling(target = 1, eta = 0.1) {
    learns w
    each step { w += eta * (target - sum(w over pre)) * pre.spike }
    test "sum" { w = 0.5 ; pre at [1 ms] ; expect dw near 0.05 within 0.01% }
    test "sweep" { w = 0.5 ; sweep post - pre in -2 ms .. 2 ms by 1 ms ; expect dw near 0.05 within 0.01% }
    test "two" { w = 0.25 ; pre[0] at [1 ms] ; pre[1] at [1 ms] ; expect dw near 0.05 within 0.01% }
}
END
nextcode snnc test events.snn
cat >program.snn <<'END'
param n = 3
param r = 20 Hz
batch = 2
signal reward = 0
layer a : Poisson[50](rate = r)
layer b : LIF[n]
connect a -> b as ab { weight = 1 { learn MSTDP(reward = reward) } ; delay = 2 ms }
experiment { for k in 0 ..< 3 { reward = 1 ; run 100 ms ; reset } }
record b.v
test "over a param" { sweep r in 10 Hz .. 30 Hz by 10 Hz ; run 1 s ; golden "rate.csv" of rate of a ; expect rate of a near r within 10% }
test "loops" { for k in 0 ..< 3 { reward = 0.5 ; run 10 ms } expect a.spikes < 10 ; expect b.v at 30 ms > -70 mV ; expect ab.weight[3, 2] > 0 }
test "the experiment" { set n = 4 ; expect b.spikes[3] >= 0 ; expect sum(start(ab.weight)) near 200 within 1e-3 ; expect quantile(b.v, 0.5) < 0 mV }
test "no time is known" { if n > 2 { run 10 ms } else { run 20 ms } expect rate of b < 1 Hz }
test "in a loop" { for k in 0 ..< 3 { run 10 ms } expect rate of b < 1 kHz ; expect b.v[7] > 0 mV ; expect b.v[1, 2] > 0 mV }
test "no such things" { run 10 ms ; expect c.v > 0 mV ; expect rate of ab > 0 Hz ; expect b.w > 1 ; expect start(3) > 2 }
test "no such param" { set m = 4 ; run 10 ms ; expect b.v < 0 mV }
test "of a model" { pre at [3 ms] ; with (tau = 3 ms) ; run 3 ms ; expect b.v < 0 mV }
END
snnc test program.snn --filter 'over a param' --update
cat rate.csv
nextcode snnc test program.snn
# check looks into tests; the library's files are compared with, too
cat >wrong.snn <<'END'
rule Counts(nu = 1) {
    learns w
    on pre { w += nu }
    test "nothing of this name" { pre at [10 ms] ; expect q == 1 }
    test "fine" { pre at [10 ms] ; expect dw == 1 }
    test "nothing is expected" { pre at [10 ms] }
}
test "no such layer" { run 10 ms ; expect c.v > 3 }
END
nextcode snnc check wrong.snn
sed -i '/q == 1/d; /nothing is/d; /no such/d' wrong.snn
nextcode snnc check wrong.snn
nextcode snnc test --filter 'PostPre: window'
nextcode snnc test --filter 'PostPre: window' --update
