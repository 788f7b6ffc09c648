# Laying out: in place, through a pipe, only looking; a text with errors stays.
printf 'layer  a:LIF[4](tau=10ms)\n\n\n\nconnect a->a{weight=1 # one\n}' > a.snn
nextcode snnc fmt --check a.snn
snnc fmt < a.snn
chmod 640 a.snn
nextcode snnc fmt a.snn
cat a.snn
nextcode snnc fmt --check a.snn
printf 'layer a : LIF[4\n' > b.snn
nextcode snnc fmt a.snn b.snn
cat b.snn
nextcode snnc fmt nowhere.snn
ls
