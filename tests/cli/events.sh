# Lists of spikes: when they come, and what is said of one that is wrong.
cat >net.snn <<'END'
dt = 0.5 ms
layer s : Input[3] { input events("spikes.csv") }
experiment { run 8 ms }
record s.spikes
END
shown() { snnc run net.snn --quiet --out out && tail -c "$1" out/s.spikes.npy | od -A n -v -t u4 -w16; }
printf 't,i\n0,0\n1.0,2\n3,1\n3.2, 1 # the same step\n0.7;0\n100,2\n' >spikes.csv
nextcode shown 64
for line in '1,x' '1' '-1,0' '2,3' '2,0.5' '2,0,nan' '1,2,3,4' 'nan,1'; do
	printf 't,i\n0,0\n%s\n' "$line" >spikes.csv
	nextcode snnc run net.snn --quiet --no-results
done
rm spikes.csv
nextcode snnc run net.snn --quiet --no-results
cat >wrong.snn <<'END'
layer s : Input[3] { input 2 * events("spikes.csv") }
layer t : LIF[3]
connect s -> t { weight = events("spikes.csv") }
experiment { run 8 ms }
signal g = events("spikes.csv")
neuron N { step { let x = events("spikes.csv") } }
END
nextcode snnc check wrong.snn

# dt = 0.1 ms is no number of f32; an event at 20 ms begins step 200 all the same.
printf 'dt = 0.1 ms\nlayer a : Input[1] { input events("fine.csv") }\nexperiment { run 1 s }\nrecord a.spikes\n' > fine.snn
printf '20,0\n33.3,0\n999.9,0\n' > fine.csv
snnc run fine.snn --quiet --format csv --out fine && cat fine/a.spikes.csv
