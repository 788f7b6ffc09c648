# Data files that are missing, broken, or do not belong together; nothing is written then.
cat > net.snn <<'END'
data d = idx("images", "labels")
layer p : Poisson[4]
experiment { for image, label in d as part { p.rate = image / 255 * 100 Hz ; run 5 ms ; vote p for label by all_activity } }
END
mkdir none good truncated cut damaged short text swapped empty folder
# IDX: 0 0, type, axes, extents; three images of 2 x 2, three labels
printf '\000\000\010\003\000\000\000\003\000\000\000\002\000\000\000\002abcdefghijkl' > good/images
printf '\000\000\010\001\000\000\000\003\000\001\002' > good/labels
for folder in truncated cut damaged short text empty folder; do cp good/labels $folder; done
gzip -nc good/images > zipped
head -c 20 good/images > truncated/images
head -c 30 zipped > cut/images
{ head -c 38 zipped; printf 'XXXXXXXX'; } > damaged/images
cp good/images short ; printf '\000\000\010\001\000\000\000\002\000\001' > short/labels
echo 'no images at all' > text/images
cp good/images swapped/labels ; cp good/labels swapped/images
: > empty/images
mkdir folder/images
ls > before
for data in none truncated cut damaged short text swapped empty folder nowhere; do
    nextcode snnc run net.snn --engine eval --quiet --data $data
done
ls | diff before - && echo "nothing was written"
nextcode snnc run net.snn --engine eval --quiet
nextcode snnc run net.snn --engine eval --quiet --data good && ls results
gzip -c good/images > good/packed && mv good/packed good/images
nextcode snnc run net.snn --engine eval --quiet --data good --out packed && diff -r results/net packed && echo "the same packed"
nextcode snnc build net.snn --data good -o prog
nextcode ./prog --quiet --data none
nextcode ./prog --quiet --data short
# a program's own array
sed 's/^experiment.*/layer q : LIF[2]\nconnect p -> q { weight = file("w.npy") }\nexperiment { run 5 ms }/; /^data/d' net.snn > weights.snn
nextcode snnc run weights.snn --engine eval --quiet --out weights
python3 -c "
import sys; sys.path.insert(0, '$HERE/../tools'); import npy
npy.save('w.npy', npy.make([4, 3], 'f4', [0.0] * 12))"
nextcode snnc run weights.snn --engine eval --quiet --out weights
head -c 130 w.npy > x && mv x w.npy
nextcode snnc run weights.snn --engine eval --quiet --out weights
# numbers that are none, in what a layer and a sample receive
python3 -c "
import sys; sys.path.insert(0, '$HERE/../tools'); import npy
npy.save('drive.npy', npy.make([9, 1, 2], 'f4', [0.0] * 7 + [float('inf')] + [0.0] * 10))
npy.save('samples.npy', npy.make([3, 2], 'f8', [0.0] * 3 + [float('nan')] + [0.0] * 2))"
printf 'layer q : LIF[2] { input file("drive.npy") }\nexperiment { run 9 ms }\n' > drive.snn
printf 'data d = npy("samples.npy")\nlayer q : Bernoulli[2]\nexperiment { for x in d { q.p = x ; run 1 ms } }\n' > samples.snn
nextcode snnc run drive.snn --engine eval --quiet --out drive
nextcode snnc run samples.snn --engine eval --quiet --out samples
ls -d weights 2>/dev/null || echo "no folder of results"
