# --verify: the interpreter beside the compiled code.
cat >net.snn <<'END'
layer a : Poisson[20](rate = 100 Hz)
layer b : LIF[5]
connect a -> b as ab { weight = uniform(0, 4) { range [0, 5] ; learn PostPre() } }
experiment { run 100 ms ; reset ; run 50 ms }
record b.spikes
END
nextcode snnc run net.snn --verify --quiet --out r1
nextcode snnc run net.snn --verify=25 --quiet --no-results --exact
nextcode snnc run net.snn --verify --quiet --no-results --precision f64 --without fuse
snnc run net.snn --quiet --out r2
cmp r1/b.spikes.npy r2/b.spikes.npy && echo the same records
nextcode snnc run net.snn --verify=0
nextcode snnc run net.snn --verify --engine c
nextcode snnc run net.snn --verify --memory 1K --no-results
