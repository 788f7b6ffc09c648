# Texts that nobody writes: no crash, no hang, and a message that can be read.
: > empty.snn
mkdir folder.snn
printf 'layer a : LIF[3]\n\377\376' > latin.snn
head -c 100000 /dev/zero > zeros.snn
python3 - <<'END'
n = 200000
def write(name, text):
    open(name + ".snn", "w").write(text)
write("open", "(" * n)
write("blocks", "experiment { " * n)
write("minus", "param x = " + "-" * n + "1")
write("sum", "param x = " + "1 + " * n + "1")
write("lists", "param x = " + "[" * n)
write("string", 'data d = idx("' + "a" * n + '")')
write("name", "layer " + "a" * n + " : LIF[3]")
write("number", "param x = " + "9" * n)
write("errors", "@ $ ? \n" * n)
write("escape", "layer a : LIF[3] \033[2J\007")
END
for name in empty folder latin zeros open blocks minus sum lists string name number errors escape; do
    nextcode snnc check $name.snn > said 2>&1
    echo "$name: $(cut -c 1-100 said | head -1) ... $(tail -1 said)"
    awk 'length > 700 { long++ } END { if (NR > 120 || long) print "too much is said" }' said
done
