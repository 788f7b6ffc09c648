"""terminal.py: a program on a terminal, for the scripts beside it.

    python3 terminal.py [--columns N] [--interrupt-at REGEX] [--pipe] COMMAND...

Runs COMMAND on a pseudo terminal (--pipe: stdout and stderr on one pipe), presses Ctrl-C once what it wrote
matches REGEX, and prints what it wrote with all numbers as N, all bars as BAR and the escapes readable. Of the states of
one progress line it prints the last one. At the end: its exit code, and how wide the widest line was if
that is more than the terminal.
"""
import argparse
import fcntl
import os
import re
import signal
import struct
import subprocess
import sys
import termios
import time

LIMIT = 240                                          # seconds
ESCAPE = re.compile(r"\033\[[0-9;]*m")


def start(options):
    if options.pipe:
        ours, theirs = os.pipe()
    else:
        ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, options.columns, 0, 0))
    environment = {**os.environ, "TERM": "xterm"}
    process = subprocess.Popen(options.command, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    return process, ours


def read(process, fd, pattern):
    text, sent, end = b"", not pattern, time.monotonic() + LIMIT
    while time.monotonic() < end:
        try:
            part = os.read(fd, 65536)
        except OSError:                              # the terminal's other side is closed
            break
        if not part:
            break
        text += part
        if not sent and re.search(pattern, text.decode(errors="replace")):
            process.send_signal(signal.SIGINT)
            sent = True
    else:
        process.kill()
    return text.decode(errors="replace")


def plain(line):
    line = line.replace("\033[36m", "<cyan>").replace("\033[0m", "</>")
    line = ESCAPE.sub("<style>", line)
    line = re.sub(r"\[[#-]+\]|[█▏▎▍▌▋▊▉ ]*(</>)?\|", lambda m: "BAR" + (m.group(1) or ""), line)
    return re.sub(r"\d+([.:]\d+)*", "N", line)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--columns", type=int, default=80)
    parser.add_argument("--interrupt-at")
    parser.add_argument("--pipe", action="store_true")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    process, fd = start(options)
    text = read(process, fd, options.interrupt_at)
    code = process.wait()
    widest = 0
    for line in text.replace("\r\n", "\n").split("\n"):
        states = [state for state in line.split("\r\033[K") if state]
        widest = max([widest] + [len(ESCAPE.sub("", state)) for state in states[:-1]])
        # A finished line overwrites the progress line: both are worth seeing.
        for state in states[-2:]:
            print(plain(state))
    if widest > options.columns:
        print(f"[a progress line takes {widest} columns]")
    print(f"[exit code {code}]")


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    main()
