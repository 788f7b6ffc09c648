# Every stage can be seen.
cat > net.snn <<'END'
param n = 2
neuron Leaky(rest = -65 mV, threshold = -52 mV, tau = 20 ms) {
    state v = rest
    step {
        v = (v - rest) * exp(-dt / tau) + rest + input
        if v >= threshold { spike ; v = rest }
    }
}
layer a : Leaky[n] { input file("drive.npy") }
experiment { run 3 ms }
record a.spikes
END
snnc emit --ast net.snn > ast ; grep -c . ast > /dev/null && echo "ast: something"
snnc emit --net net.snn
snnc emit --net net.snn --set n=5 --precision f64 -o net.txt && head -2 net.txt
snnc emit --plan=before-opt net.snn > before ; snnc emit --plan net.snn > after
cmp -s before after || echo "the passes change the plan"
snnc check net.snn --dump=elab | head -1
snnc run net.snn --stop-after=lower --dump=lower > dump ; cmp dump before && echo "the same plan"
snnc run net.snn --stop-after=opt --dump-dir dumps --check-stages && ls dumps | grep -v 'opt\.[a-z]*\.plan' | sed 's/^[0-9]*//'
snnc emit --c net.snn | grep -c snnrt_main
snnc check net.snn --time 2>&1 | sed 's/  *[0-9.]* ms.*//' | grep -v verify
nextcode snnc emit --net net.snn -o nowhere/net.txt
nextcode eval 'snnc emit --net net.snn > /dev/full'
ls
