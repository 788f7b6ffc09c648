# What snnc tells about models: those of a program, with everything that a comment may say.
cat > own.snn <<'END'
# Models to be told about. The first sentence is the title of the file.

# A neuron that counts its input, e.g. for tests. It has further sentences, which go on
# in a second line.
#
#     n' = input                              a remark
#     n >= most: spike, n = 0
#
# most, rate: when it spikes; how often, which is a long story that does not fit into one line and has
#   to go on in the next one
# n: the count
# chance: a draw
#
# A second paragraph.
#
# Reference: Nobody 1900; Somebody 2000
# BindsNET: none.
neuron Counter(most = 3, rate = 0.1, tau = 20 ms, floor = -inf) {
    state n = 0 shared over batch, kept on reset
    state age = 0 ms
    trace x { tau = tau ; on spike set 1 }
    step {
        let chance = random()
        n += input * rate if chance < 0.5 else 0
        age += dt
        if n >= most { spike ; n = max(0, floor) }
    }
}
feature half(value) { signal *= 0.5 * value }
# A rule with a signal.
# reward: the third factor
rule Rewarded(low, nu = (pre: 1, post: 2)) {
    learns w
    needs reward
    state e of synapse
    on post { e += 1 ; w += nu.post * reward * (e - low) }
}
END
nextcode snnc info own.snn
nextcode snnc info own.snn Counter half Rewarded
nextcode snnc info own.snn half --source
nextcode snnc info own.snn --markdown
snnc info weight | head -3
snnc info | head -1
snnc info --markdown | head -1
nextcode snnc info own.snn Count
nextcode snnc info zzzzzzz
nextcode snnc info --source
nextcode snnc info own.snn ./other.snn
nextcode snnc info half --markdown
nextcode snnc info missing.snn
echo "layer a : LIF[" > wrong.snn
nextcode snnc info wrong.snn
echo "experiment { run 1 ms }" > none.snn
nextcode snnc info none.snn
mkdir lib && echo "neuron Only() { step { spike } }" > lib/only.snn
nextcode snnc info --lib lib
nextcode snnc info --lib lib --markdown
cat > tested.snn <<'END'
rule R(nu = 1) {
    learns w
    test "a" { pre at 1 ms ; expect dw == 0 }
}
END
snnc info tested.snn R
