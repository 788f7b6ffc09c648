#!/bin/sh
# Long runs of the fuzz targets, one beside the other: sh tests/fuzz/run.sh SECONDS [TARGET ...]
# What is found lies in build/fuzz/found: TARGET.log, and inputs that crash, hang, leak or take too much memory in TARGET/crash-*,
# leak-*, timeout-* and oom-*. Inputs that reach something new lie in TARGET/new; `sh tests/fuzz/run.sh keep` adds to the corpora those that
# are worth it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bin=$here/../../build/fuzz
found=$bin/found

one() {
    mkdir -p "$found/$1/new"
    cp "$bin/bin/fuzz_$1" "$found/$1/"                # what is built meanwhile is of the next run
    dict=
    case $1 in parse | program) dict="-dict=$bin/fuzz.dict" ;; esac
    more=
    case $1 in
    parse) more="$here/corpus/program $here/../../examples $here/../diag" ;;
    program) more="$here/corpus/parse" ;;
    esac
    # A crash ends a process, not the run: -fork=1.
    (cd "$found/$1" && exec nice -n 19 "./fuzz_$1" -fork=1 -ignore_crashes=1 -ignore_ooms=1 -ignore_timeouts=1 -rss_limit_mb=2048 \
        -timeout=60 -max_len=8192 -detect_leaks=1 $dict "-max_total_time=$seconds" new "$here/corpus/$1" $more >"$found/$1.log" 2>&1) || true
}

# The smallest part that reaches every edge; the others would only cost time in each replay.
keep() {
    for t in $all; do
        [ -d "$found/$t/new" ] || continue
        rm -rf "$found/$t/kept" && mkdir "$found/$t/kept"
        nice -n 19 "$found/$t/fuzz_$t" -set_cover_merge=1 -use_counters=0 -max_len=600 "$found/$t/kept" "$here/corpus/$t" "$found/$t/new" >/dev/null 2>&1 || true
        cp -n "$found/$t/kept/"* "$here/corpus/$t/"
    done
}

all="parse program readers files checkpoint"
if [ "${1:-}" = keep ]; then
    keep
    exit 0
fi
seconds=${1:?usage: sh tests/fuzz/run.sh SECONDS [TARGET ...], or keep}
shift
for t in ${@:-$all}; do
    one "$t" &
done
wait
for t in ${@:-$all}; do
    printf '%-11s %s; ' "$t" "$(grep '^#' "$found/$t.log" | tail -1)"
    ls "$found/$t" | grep -c -E '^(crash|leak|timeout|oom)-' || true
done
