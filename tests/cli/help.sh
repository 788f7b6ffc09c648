# The help is made from the table of options.
nextcode snnc --help
nextcode snnc check --help
snnc --explain e0528
nextcode snnc --explain E9999
snnc --version | sed 's/(.*)/(...)/'
snnc > top 2>&1
echo "[exit code $?]"
head -1 top
snnc help > top && snnc --help | cmp - top && snnc help emit > top && snnc emit --help | cmp - top && echo "help helps too"
