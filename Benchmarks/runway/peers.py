# SPDX-License-Identifier: Apache-2.0
"""runway-60 in numpy and in numba, from docs/SIMULATION.md: peers.py ENGINE PATHS SEED

Prints path-steps per CPU second without start and compilation, and P(ruin) by 60 months."""
import json, sys, time
import numpy as np
from scipy import stats

Z = 1.6448536269514722
LAWS = [  # in the order of docs/SIMULATION.md
    ("ln", 150e6, 215e6), ("n", .005, .05), ("n", -.06, -.005), ("beta", 6, 44), ("ln", 500e6, 4e9), ("ln", .006, .02),
    ("n", -.01, .03), ("tri", 14, 17, 20), ("ln", 22, 48), ("n", -.005, .03), ("ln", .0024, .0054), ("ln", .015, .06),
    ("ln", 8, 40), ("ln", 15e6, 60e6), ("n", 0, .08), ("tri", .2, .45, .7), ("ln", 45e6, 110e6), ("n", .01, .05), ("ln", 1e9, 3e9)]
PAIRS = [(1, 14, .5), (1, 17, .4), (14, 17, .3), (5, 7, -.3), (8, 10, -.3), (9, 11, .3), (13, 14, -.2), (16, 18, .4), (5, 12, -.2)]
STEPS = 60
TRANCHE = np.zeros(STEPS + 1); TRANCHE[6] = TRANCHE[12] = .5e9


def parameters(rng, n):
    matrix = np.eye(19)
    for i, j, r in PAIRS:
        matrix[i, j] = matrix[j, i] = r
    x = rng.standard_normal((n, 19)) @ np.linalg.cholesky(matrix).T
    columns = []
    for i, (kind, *a) in enumerate(LAWS):
        if kind == "n":
            columns.append((a[0] + a[1]) / 2 + (a[1] - a[0]) / (2 * Z) * x[:, i])
        elif kind == "ln":
            low, high = np.log(a[0]), np.log(a[1])
            columns.append(np.exp((low + high) / 2 + (high - low) / (2 * Z) * x[:, i]))
        elif kind == "beta":
            columns.append(stats.beta.ppf(stats.norm.cdf(x[:, i]), *a))
        else:
            u, peak = stats.norm.cdf(x[:, i]), (a[1] - a[0]) / (a[2] - a[0])
            columns.append(np.where(u < peak, a[0] + np.sqrt(u * (a[2] - a[0]) * (a[1] - a[0])),
                                    a[2] - np.sqrt((1 - u) * (a[2] - a[0]) * (a[2] - a[1]))))
    return np.array(columns), np.minimum((stats.norm.cdf(x.T) * 32).astype(np.int64), 31)


def cash_bins(cash):
    return np.clip((cash.astype(np.float32).view(np.uint32) >> 18).astype(np.int64) - 4575, 1, 1023)


def with_numpy(paths, seed, chunk=16384):
    rng = np.random.Generator(np.random.PCG64DXSM(seed))
    fan, sens = np.zeros((STEPS, 1024), np.int64), np.zeros((2, 19, 32), np.int64)
    ruined = 0
    for start in range(0, paths, chunk):
        n = min(chunk, paths - start)
        v, bins = parameters(rng, n)
        (users0, up, down, loss, top, share, dshare, price, req, dreq, cost, dcost, weight, api, dapi, margin, fixed, dfixed, cash) = v
        users, la, lf, lq, lc, lr = users0.copy(), np.log(users0), np.log(share), np.log(req), np.log(cost), np.log(api)
        cash, fixed = cash.copy(), fixed.copy()
        declining, dead = np.ones(n, bool), np.zeros(n, bool)
        burn, pace, owed, amount = np.zeros(n), np.zeros(n), np.full(n, 13e9), np.zeros(n)
        pending, rounds, last = np.zeros(n, int), np.zeros(n, int), np.full(n, -99)
        fade = 1.0
        for t in range(1, STEPS + 1):
            e, u = rng.standard_normal((6, n)), rng.random((2, n))
            enter, leave = ~declining & (u[0] < .06), declining & (u[0] < .2)
            declining = (declining | enter) & ~leave
            g = np.where(declining, down, up)
            g = np.where(g > 0, g * (1 - users / top), g)
            change = g + .04 * e[0] - .0008 + np.where(enter, np.log1p(-loss), 0)
            la = la + change
            lf = np.minimum(lf + dshare * fade + .05 * e[1] - .00125, np.log(.08))
            lq = lq + dreq * fade + .04 * e[2] - .0008
            lc = np.maximum(lc - dcost + .05 * e[3] - .00125, np.log(1e-4))
            lr = lr + dapi * fade + .08 * e[4] - .0032
            users, f, unit, r = np.exp(la), np.exp(lf), np.exp(lq + lc), np.exp(lr)
            fixed = fixed * (1 + dfixed * fade)
            result = users * f * price + r - users * unit * (1 + f * (weight - 1)) - (1 - margin) * r - fixed
            gain = np.maximum(result, 0)
            paid = np.minimum(.75 * gain, owed)
            owed = owed - paid
            closes = pending == 1
            cash = cash + result - paid + TRANCHE[t] + np.where(closes, amount, 0)
            rounds, last, pending = rounds + closes, np.where(closes, t, last), np.maximum(pending - 1, 0)
            dead = dead | (cash < 0)
            burn, pace = .7 * burn + .3 * (gain - result), .85 * pace + .15 * change
            ask = (pending == 0) & (rounds < 3) & (cash < 9 * burn) & (t - last >= 6)
            yes = ask & (u[1] < np.clip(.15 + 5 * pace, .02, .95))
            amount = np.where(yes, 1.5e9 * np.exp(.5 * e[5]) * np.clip(users / users0, .25, 4), amount)
            pending = np.where(yes, 3, pending)
            fade *= .97
            fan[t - 1] += np.bincount(np.where(dead, 0, cash_bins(np.where(dead, 1.0, cash))), minlength=1024)
        ruined += int(dead.sum())
        for i in range(19):
            sens[0, i] += np.bincount(bins[i], minlength=32)
            sens[1, i] += np.bincount(bins[i][dead], minlength=32)
    return ruined / paths


def numba_kernel():
    """The same generator as numpy's (PCG64 DXSM, ziggurat): numba's own np.random is a slower Mersenne twister."""
    import numba

    @numba.njit(fastmath=True)
    def kernel(v, bins, fan, sens, rng):
        ruined = 0
        for i in range(v.shape[1]):
            users0, up, down, loss, top = v[0, i], v[1, i], v[2, i], v[3, i], v[4, i]
            users, la, lf, lq, lc, lr = users0, np.log(users0), np.log(v[5, i]), np.log(v[8, i]), np.log(v[10, i]), np.log(v[13, i])
            fixed, cash, fall = v[16, i], v[18, i], np.log1p(-loss)
            declining, burn, pace, owed, amount = True, 0.0, 0.0, 13e9, 0.0
            pending, rounds, last, fade, ruin = 0, 0, -99, 1.0, 0
            for t in range(1, 61):
                change = 0.0
                u = rng.random()
                if declining:
                    declining = u >= .2
                elif u < .06:
                    declining = True
                    change = fall
                g = down if declining else up
                if g > 0:
                    g *= 1 - users / top
                change += g + .04 * rng.standard_normal() - .0008
                la += change
                lf = min(lf + v[6, i] * fade + .05 * rng.standard_normal() - .00125, -2.525728644308255)
                lq += v[9, i] * fade + .04 * rng.standard_normal() - .0008
                lc = max(lc - v[11, i] + .05 * rng.standard_normal() - .00125, -9.210340371976182)
                lr += v[14, i] * fade + .08 * rng.standard_normal() - .0032
                users, f, unit, r = np.exp(la), np.exp(lf), np.exp(lq + lc), np.exp(lr)
                fixed *= 1 + v[17, i] * fade
                result = users * f * v[7, i] + r - users * unit * (1 + f * (v[12, i] - 1)) - (1 - v[15, i]) * r - fixed
                gain = max(result, 0.0)
                paid = min(.75 * gain, owed)
                owed -= paid
                cash += result - paid + (.5e9 if t == 6 or t == 12 else 0.0)
                if pending == 1:
                    cash += amount
                    rounds += 1
                    last = t
                pending = max(pending - 1, 0)
                if cash < 0:
                    ruin = t
                    break
                burn, pace = .7 * burn + .3 * (gain - result), .85 * pace + .15 * change
                if pending == 0 and rounds < 3 and cash < 9 * burn and t - last >= 6 and rng.random() < min(max(.15 + 5 * pace, .02), .95):
                    amount = 1.5e9 * np.exp(.5 * rng.standard_normal()) * min(max(users / users0, .25), 4.0)
                    pending = 3
                fade *= .97
                place = int(32 * (np.log2(cash) - 16)) + 1 if cash > 65536 else 1
                fan[t - 1, min(max(place, 1), 1023)] += 1
            for j in range(19):
                sens[0, j, bins[j, i]] += 1
                if ruin > 0:
                    sens[1, j, bins[j, i]] += 1
            ruined += ruin > 0
        return ruined
    return kernel


engine, paths, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
if engine == "numba":
    kernel, rng = numba_kernel(), np.random.Generator(np.random.PCG64DXSM(seed))
    def run(paths):
        ruined, fan, sens = 0, np.zeros((STEPS, 1024), np.int64), np.zeros((2, 19, 32), np.int64)
        for start in range(0, paths, 16384):
            v, bins = parameters(rng, min(16384, paths - start))
            ruined += kernel(v, bins, fan, sens, rng)
        return ruined / paths
    run(64)  # compiles
else:
    run = lambda paths: with_numpy(paths, seed)
start = time.process_time()
ruin = run(paths)
print(json.dumps({"rate": paths * STEPS / (time.process_time() - start), "ruin60": ruin}))
