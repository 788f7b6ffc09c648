# Exit codes: 0 fine, 1 the text has errors, 3 the world. What the messages say is told in tests/diag.
code() { nextcode snnc "$@" 2>&1 | grep -v '^ ' | sed 's/\([a-z]*\[[EW][0-9]*\]\).*/\1/'; }
cat > good.snn <<'END'
param n = 3
data d = idx("images", "labels") or drawn_digits()
layer p : Poisson[28, 28]
layer a : LIF[n]
connect p -> a { weight = uniform(0, 1) }
experiment { for image, label in d[0 ..< 2] as part { p.rate = image / 255 * 100 Hz ; run 5 ms ; reset } }
END
sed 's/ or drawn_digits()//' good.snn > missing.snn
sed 's/LIF/LIFE/' good.snn > bad.snn
sed 's/Poisson\[28, 28\]/Poisson[28, 27]/' good.snn > shape.snn
echo 'layer a : LIF[3]' > idle.snn
code check good.snn
code check bad.snn
code check missing.snn
code check shape.snn
code check shape.snn missing.snn
code check good.snn --set m=4
code check good.snn --set n=2.5
code check good.snn --set n='4 mV'
code check idle.snn
code check good.snn --lib nowhere
code run good.snn --engine eval --quiet --memory 1K | sed 's/needs.*--memory/needs ..., --memory/; s/buffers are.*/.../'
code run good.snn --engine eval --quiet --out /dev/null/results
ls
