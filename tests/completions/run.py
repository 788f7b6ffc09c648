#!/usr/bin/env python3
"""run.py: what a shell makes of a line and Tab, with the completions that snnc prints.

    tests/completions/run.py --snnc PATH bash|zsh|fish

A shell that is not installed is skipped (77). bash and fish are asked for what they offer; zsh, which offers only to somebody who types, is
typed to.
"""
import argparse
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

import tool                                          # noqa: E402

# a line, and a word that is offered there; words that are not
CASES = [
    ("snnc ru", "run", ["build"]),
    ("snnc expl", "explain", ["emit"]),
    ("snnc run --diagnose --see", "--seed", ["--set"]),
    ("snnc check --diag", "--diagnostics", ["--check"]),
    ("snnc completions z", "zsh", ["bash"]),
    ("snnc run --engine ev", "eval", ["jit"]),
    ("snnc build net", "net.snn", ["other.txt"]),
]


def ask_bash(line, env, folder):
    script = """source <("$SNNC" completions bash)
COMP_WORDS=($1); COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 )); COMP_LINE=$1; COMP_POINT=${#1}
_snnc; printf '%s\\n' "${COMPREPLY[@]}\""""
    done = subprocess.run(["bash", "-c", script, "bash", line], env=env, cwd=folder, capture_output=True, text=True, timeout=30)
    return done.stdout.split(), done.stderr


def ask_fish(line, env, folder):
    script = '"$SNNC" completions fish | source; complete -C $argv[1]'
    done = subprocess.run(["fish", "--no-config", "-c", script, line], env=env, cwd=folder, capture_output=True, text=True, timeout=30)
    return [row.split("\t")[0] for row in done.stdout.splitlines()], done.stderr


def ask_zsh(line, env, folder):
    """What is on the line behind Tab: zsh completes what is not ambiguous, and shows the rest below."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execvpe("zsh", ["zsh", "-f", "-i"], env)
    shown = b""

    def until(mark, seconds):
        nonlocal shown
        end = time.monotonic() + seconds
        while mark not in shown and time.monotonic() < end:
            if select.select([fd], [], [], 0.2)[0]:
                try:
                    shown += os.read(fd, 65536)
                except OSError:
                    return
    os.write(fd, b"PROMPT='%% '; autoload -Uz compinit && compinit -D -u; source <(\"$SNNC\" completions zsh); print REA''DY\n")
    until(b"READY", 60)
    shown = b""
    os.write(fd, line.encode() + b"\t")
    until(b"@@never@@", 3)
    os.write(fd, b"\x15exit\n")
    text = re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]|[\x07\x08]", b"", shown).decode(errors="replace").replace("\r", "")
    try:
        os.close(fd)
    except OSError:
        pass
    os.waitpid(pid, 0)
    return re.split(r"[\s=]+", text.replace(line, line + "")), text


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tool.add_snnc_option(parser)
    parser.add_argument("shell", choices=["bash", "zsh", "fish"])
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    if not shutil.which(options.shell):
        print(f"skipped: {options.shell} is not installed")
        return 77
    ask, failed = {"bash": ask_bash, "zsh": ask_zsh, "fish": ask_fish}[options.shell], 0
    with tempfile.TemporaryDirectory(prefix="snnc-completions-") as folder:
        (Path(folder) / "net.snn").write_text("")
        (Path(folder) / "other.txt").write_text("")
        bin_dir = Path(folder) / "bin"
        bin_dir.mkdir()
        (bin_dir / "snnc").symlink_to(Path(options.snnc).resolve())
        env = {**os.environ, "SNNC": str(options.snnc), "HOME": folder, "PATH": f"{bin_dir}:{os.environ['PATH']}", "TERM": "dumb", "LC_ALL": "C.UTF-8"}
        for line, wanted, unwanted in CASES:
            offered, rest = ask(line, env, folder)
            offered = [word.rstrip("=") for word in offered]
            wrong = [word for word in unwanted if word in offered]
            if wanted not in offered or wrong:
                print(f"failed  {line!r}: {wanted} is not offered, or {wrong} is: {offered} {rest}")
                failed += 1
    print(f"{options.shell}: {len(CASES)} lines, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
