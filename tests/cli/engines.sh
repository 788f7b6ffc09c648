# Each engine gives the same files; a built executable too.
cat > net.snn <<'END'
param n = 4
layer a : Poisson[n](rate = 200 Hz)
layer b : LIF[n](threshold = -60 mV)
connect a -> b { weight = 3 { range [0, 5] ; learn PostPre(nu = (pre: 0.1, post: 0.1)) } }
experiment { run 50 ms ; save "end.snnw" }
record b.spikes
record b.v
END
snnc run net.snn --engine eval --quiet --out eval
snnc run net.snn --engine c --quiet --out c
nextcode snnc build net.snn -o prog
./prog --quiet --out built
diff -r eval c && diff -r eval built && echo same
snnc run net.snn --engine eval --quiet --seed 5 --out five
./prog --quiet --seed 5 --out five-built
diff -r five five-built && echo "same with another seed"
cmp -s eval/b.v.npy five/b.v.npy || echo "and not the same as before"
snnc run net.snn --engine eval --quiet
snnc run net.snn --engine eval --quiet --no-results --out none
ls . results results/net
