"""closed.py: what the programs of docs/coming-from.md must give, worked out by closed forms, or by other means than snnc's."""
import math

DT = 0.1                                             # ms


def cells():
    """A constant drive: v(k) = rest + drive + (v0 - rest - drive) exp(-k dt / tau); from v0 = rest, then from the reset."""
    out = []
    for i in range(4):
        drive = 16.0 + 2 * i

        def steps(v0):
            return math.floor(10.0 * math.log((v0 + 65 - drive) / (15 - drive)) / DT) + 1
        t = steps(-65.0) - 1                         # a spike in the step that ends beyond the threshold
        while t < 1000:
            out.append([i, t * DT])
            t += 49 + steps(-60.0)                   # 4.9 ms held, then the way up
    return sorted(out)


def chain():
    """Sources spike with a fixed period; the jumps at the targets, decaying between, cross the threshold or not."""
    period = [math.floor(-10.0 * math.log(1 - (10 + 2 * i) / 20.0) / DT) + 1 for i in range(3)]
    out = []
    for j in range(2):
        v = 0.0
        for k in range(1000):
            v *= math.exp(-DT / 20)
            v += math.exp(-DT / 20) * sum(2 + i + j for i in range(3) if k and k % period[i] == 0)
            if v > 8:
                out.append([j, k * DT])
                v = 0.0
    return sorted(out)


def delays():
    return sorted([j, t + d] for t in (5, 20, 33.3) for j, d in enumerate((1.5, 3, 10)))


BEFORE = [[t + 3 * i for t in (10, 60, 110, 190)] for i in range(4)]
AFTER = [15, 70.5, 111.7]


def stdp():
    """Each pair changes the weight by A exp(-|difference| / 20 ms); nothing comes near the bounds."""
    return [0.5 + sum(0.01 * math.exp((t - s) / 20) if t < s else -0.012 * math.exp((s - t) / 20) for t in before for s in AFTER)
            for before in BEFORE]


def poisson():
    return 200 * 50 * 10                             # rate x time; the count has that variance


def own():
    """The classical Runge-Kutta method, written out."""
    def rate(x, drive):
        v, u = x
        return 0.04 * v * v + 5 * v + 140 - u + drive, 0.02 * (0.2 * v - u)

    def ahead(x, dx, h):
        return x[0] + h * dx[0], x[1] + h * dx[1]
    out = []
    for i in range(3):
        x, d = (-65.0, -13.0), 6 + 4 * i
        for k in range(2000):
            a = rate(x, d)
            b = rate(ahead(x, a, DT / 2), d)
            c = rate(ahead(x, b, DT / 2), d)
            e = rate(ahead(x, c, DT), d)
            x = tuple(x[n] + DT / 6 * (a[n] + 2 * b[n] + 2 * c[n] + e[n]) for n in range(2))
            if x[0] > 30:
                out.append([i, k * DT])
                x = (-65.0, x[1] + 8)
    return sorted(out)


def recording():
    """v(t) = 12 (1 - exp(-t / tau)) since the last reset, at the end of every tenth step."""
    rows = [[0, 0] for _ in range(41)]
    for i, tau in enumerate((10.0, 20.0)):
        v = 0.0
        for k in range(410):
            v = 12 + (v - 12) * math.exp(-DT / tau)
            v = 0.0 if v > 10 else v
            if (k + 1) % 10 == 0:
                rows[k // 10][i] = v
    return [v for row in rows for v in row]


def reward():
    """w = 0.5 + integral of c n: each jump of c or n begins an exponential, whose products are integrated from the later of both."""
    out = []
    for before in BEFORE:
        jumps = []                                   # of c
        for s in AFTER:
            jumps += [(s, 0.1 * math.exp((t - s) / 20)) for t in before if t < s]
            jumps += [(t, -0.12 * math.exp((s - t) / 20)) for t in before if s < t]
        w = 0.5
        for t, height in jumps:
            for r in (80, 150):
                begin, decay = max(t, r), 1 / 100 + 1 / 50
                now = height * math.exp((t - begin) / 100) * 0.02 * math.exp((r - begin) / 50)
                w += now / decay * (1 - math.exp(-decay * (205 - begin))) if begin < 205 else 0
        out.append(w)
    return out


FORMS = {f.__name__: f for f in (cells, chain, delays, stdp, poisson, own, recording, reward)}
