# Places that cannot be written, and disks that are full: told by name, and nothing half done stays.
cat > net.snn <<'END'
layer a : Poisson[30](rate = 20 Hz)
layer b : LIF[100]
connect a -> b { weight = uniform(0, 1) }
experiment { run 100 ms ; save "end.snnw" }
record b.v
END
: > file
ls -A > before
nextcode snnc run net.snn --engine eval --quiet --out file
nextcode snnc run net.snn --engine eval --quiet --out file/results
nextcode snnc run net.snn --engine eval --quiet --out /proc/results
nextcode snnc run net.snn --engine eval --quiet --no-results --dump-state file/state
nextcode snnc run net.snn --engine eval --quiet --no-results --dump-dir file/dumps
nextcode snnc emit --c net.snn -o file/net.c
nextcode snnc emit --c net.snn -o nowhere/net.c
nextcode snnc emit --c net.snn -o .
nextcode snnc build net.snn -o nowhere/prog
nextcode snnc build net.snn -o file/prog
(TMPDIR=/proc nextcode snnc build net.snn -o prog) 2>&1 | sed 's/snnc-....../snnc-X/'
ls -A | diff before - && echo "nothing was written"
ls tmp
# A limit on the size of files stands in for a full disk: 16 blocks of 512 bytes.
trap '' XFSZ
(ulimit -f 16 ; nextcode snnc emit --llvm net.snn -o net.ll) 2>&1 | sed 's/--llvm.*//'
(ulimit -f 16 ; nextcode snnc run net.snn --engine eval --quiet --out full)
ls -A full
grep -c failed full/manifest.json
(ulimit -f 16 ; nextcode snnc build net.snn -o prog) 2>&1 | tail -2 | sed 's|snnc-[A-Za-z0-9]*/net|snnc-X/net|'
ls -A | diff before -
ls tmp
