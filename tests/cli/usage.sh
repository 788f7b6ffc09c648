# What is no command line, and how that is said.
echo 'layer a : LIF[3]
experiment { run 5 ms }' > a.snn
nextcode snnc run
nextcode snnc rnu a.snn --seed 3
nextcode snnc frobnicate
nextcode snnc run a.snn b.snn
nextcode snnc run a.snn --sed 3x
nextcode snnc run a.snn --sead 3
nextcode snnc run a.snn --seed
nextcode snnc run a.snn --engine gpu
nextcode snnc run a.snn --memory lots
nextcode snnc run a.snn --threads 0
nextcode snnc run a.snn --precision f16
nextcode snnc run a.snn --set n
nextcode snnc run a.snn -o x
nextcode snnc check a.snn --seed 3
nextcode snnc check a.snn --stop-after bake
nextcode snnc build a.snn
nextcode snnc a.snn
nextcode snnc emit a.snn
nextcode snnc explain E9999
nextcode snnc emit --c --plan a.snn
nextcode snnc emit --plan=later a.snn
nextcode snnc run a.snn --without magic
nextcode snnc -z
nextcode snnc run nothere.snn 2>&1 | grep -v '^ '
ls
