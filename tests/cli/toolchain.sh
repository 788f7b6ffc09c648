# A compiler that is missing or fails leaves nothing behind.
echo 'layer a : LIF[3]
experiment { run 5 ms }' > a.snn
CC=no-such-compiler nextcode snnc build a.snn -o prog
CC=false nextcode snnc build a.snn -o prog
CC=false nextcode snnc run a.snn --engine c
nextcode snnc build a.snn -o nowhere/prog
nextcode snnc a.snn -o prog
CC='cc -DWORDS=1' nextcode snnc build a.snn -o other --cpu native
cp a.snn kept && nextcode snnc build a.snn -o kept && ./kept --help | head -1
ls . tmp
