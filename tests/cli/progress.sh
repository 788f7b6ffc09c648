# The progress line: on a terminal and beside it, in colour and without, and Ctrl-C in the middle of a run.
# The bar is drawn in letters where the locale is not UTF-8. Compiled code would be done too early, so its images take longer.
cat > long.snn <<'END'
param train = 10000
param t = 10 ms
data d = drawn_digits()
layer p : Poisson[28, 28]
layer a : LIF[20](threshold = -60 mV)
connect p -> a as input { weight = uniform(0, 1) { learn PostPre() } }
experiment {
    for image, label in d[0 ..< train] as training {
        p.rate = image / 255 * 2 / t ; run t ; vote a for label by all_activity, proportion every 20 ; reset
    }
}
record a.spikes
record input.weight every 10 samples
END
show() { python3 "$HERE/terminal.py" "$@"; }
both='left, .* / .* %'
echo "== on a terminal of 80 columns"
show --interrupt-at "$both" "$SNNC" run long.snn --engine eval --out cut
grep status cut/manifest.json
ls -A cut | grep -v accuracy
python3 -c "
import sys; sys.path.insert(0, '$HERE/../tools'); import npy, json
for record in json.load(open('cut/manifest.json'))['records']:
    data = npy.load('cut/' + record['file'])
    rows = data.shape[0] if hasattr(data, 'shape') else len(data.rows)
    print(record['name'], 'as the manifest says' if rows == record['shape'][0] > 0 else rows)"
echo "== in colour, with a fine bar"
NO_COLOR= LC_ALL=C.UTF-8 show --interrupt-at "$both" "$SNNC" run long.snn --engine eval --no-results
echo "== wide"
show --columns 150 --interrupt-at 'left, all_activity .* %, proportion .* %' "$SNNC" run long.snn --engine eval --no-results
echo "== narrow"
# On a slow machine nobody has voted by then: whether there is a measure does not matter here.
show --columns 40 --interrupt-at '/10000, [0-9:]+ left' "$SNNC" run long.snn --engine eval --no-results | sed 's/, all_activity N.*//'
echo "== not a terminal"
show --pipe "$SNNC" run long.snn --engine eval --no-results --set train=30 | sed '/^training: N.N,/d; s/ samples in .*/ samples in .../'
echo "== quiet"
show "$SNNC" run long.snn --engine eval --no-results --set train=10 --quiet
echo "== a built program"
snnc build long.snn -o prog --set t='100 ms'
show --interrupt-at "$both" ./prog --out built
grep status built/manifest.json
ls -A built | grep -v accuracy
