# Exit codes: 0 fine, 1 the text has errors, 3 the world.
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
nextcode snnc check good.snn
nextcode snnc check bad.snn
nextcode snnc check missing.snn
nextcode snnc check shape.snn
nextcode snnc check shape.snn missing.snn
nextcode snnc check good.snn --set m=4
nextcode snnc check good.snn --set n=2.5
nextcode snnc check good.snn --set n='4 mV'
nextcode snnc check idle.snn
nextcode snnc check good.snn --lib nowhere
nextcode snnc run good.snn --engine eval --quiet --memory 1K 2>&1 | sed 's/needs.*--memory/needs ..., --memory/; s/buffers are.*/.../'
nextcode snnc run good.snn --engine eval --quiet --out /dev/null/results
ls
