# What a run finds out about sums that a norm cannot scale: said once, by every engine and by a built program alike.
cat >net.snn <<'EOF'
layer a : Input[2] { input file("in.npy") }
layer b : LIF[3]
layer maps : LIF[2, 1, 1]
layer image : LIF[1, 1, 2]
connect a -> b as fades { weight = [[1, 2, 0], [-0.5, 0, 0]] { range [-1, 2] ; decay 0.5 ; norm 1 + j per post each run of signed sum } }
connect a -> b as held { weight = 1 + j { norm 3 per post each step ; learn NoOp } }
connect image -> maps by conv(kernel = [1, 2]) as conv { weight = 1 { norm [1, 2] per post each step } }
connect a -> b by sparse("pairs.npy") as thin { weight = 2 { norm 3 per post each run } }
connect a -> b as whole { weight = 1 { norm 3 per connection each run } }
record fades.weight ; record held.weight ; record conv.weight every 7 steps
experiment {
    run 5 ms
    run 5 ms { zero held.weight where j != 1 ; zero conv.weight where file("kernel.npy") }
    run 5 ms
    run 1 ms { zero whole.weight where true }
    freeze
    run 1 ms
}
EOF
python3 - <<'EOF'
import struct
def save(name, descr, shape, data):
    head = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
    head += " " * (117 - len(head)) + "\n"
    open(name, "wb").write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + data)
save("in.npy", "|u1", "(17, 1, 2)", bytes(34))
save("pairs.npy", "<f4", "(2, 3)", struct.pack("<6f", 1, 0, 0, 2, 0, 0))
save("kernel.npy", "<f4", "(2, 1, 1, 2)", struct.pack("<4f", 0, 0, 1, 1))
EOF
nextcode snnc run net.snn --engine eval --quiet --out eval
for engine in c jit; do
    snnc run net.snn --engine $engine --quiet --out $engine 2>said || { echo "$engine ended badly"; cat said; }
    grep -v "^ " said | tail -n 3
    for file in eval/*; do cmp $file $engine/${file#eval/}; done
done
snnc build net.snn -o net >/dev/null 2>&1 && ./net --quiet --out built
cmp eval/manifest.json built/manifest.json
sed -n '/"warnings"/,/\]/p' built/manifest.json
# Nothing to tell: no list in the manifest.
echo 'layer a : Poisson[2](rate = 10 Hz)
layer b : LIF[2]
connect a -> b { weight = 1 { norm 2 per post each run } }
experiment { run 3 ms }' >fine.snn
snnc run fine.snn --quiet --out fine
grep -c warnings fine/manifest.json || :
