# The manual page and the completions know every command and every option that --help knows.
snnc --help | sed -n 's/^ *\(-., \)*--\([a-z-]*\).*/\2/p' | sort -u > options
snnc --help | sed -n 's/^  snnc \([a-z]*\) *.*/\1/p' | sort -u > commands
for kind in man 'completions bash' 'completions zsh' 'completions fish'; do
	snnc $kind | sed 's/\\-/-/g' > text
	for word in $(cat options commands); do
		grep -qe "\b$word\b" text || echo "$kind: no $word"
	done
done
[ "$(wc -l < options)" -ge 40 ] && echo options were found
bash -c 'source <("$SNNC" completions bash) ; COMP_WORDS=(snnc check --dia) COMP_CWORD=2 ; _snnc ; echo "${COMPREPLY[@]}"
	COMP_WORDS=(snnc exp) COMP_CWORD=1 ; _snnc ; echo "${COMPREPLY[@]}"'
nextcode snnc completions tcsh
snnc man | head -3 | sed 's/snnc VERSION/snnc/'
# What is there, and what is not.
snnc doctor | sed 's/, with -fsanitize.*//; s/^\(........ .................\).*/\1/' | grep -v AVX | sed 's/ *$//'
CC=/no/such/compiler snnc doctor | grep MISSING
