# SPDX-License-Identifier: Apache-2.0
"""See run."""
import json, os, re, resource, shutil, statistics, subprocess, sys, time

rounds, paths, work = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
here, solvent, example = os.path.dirname(os.path.abspath(__file__)), ".build/release/solvent", "examples/runway-60.yaml"
data = os.path.abspath(f"{work}/runway-data")


def measure(command):
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, command
    return usage.ru_utime + usage.ru_stime, time.monotonic() - start, out


def direct(seed):
    """Path-steps per CPU second of the whole process, start included."""
    cpu, _, out = measure([solvent, "scenario", "run", example, "--local", "--json", "--paths", str(paths), "--seed", str(seed)])
    return paths * 60 / cpu, json.loads(out)["months"][-1]["ruin"]["value"]


def peer(engine, seed):
    result = json.loads(measure([sys.executable, f"{here}/peers.py", engine, str(paths), str(seed)])[2])
    return result["rate"], result["ruin60"]


def cluster(workers, paths, seed):
    return measure([solvent, "scenario", "run", example, "--data", data, "-q", "--json", "--paths", str(paths), "--seed", str(seed)])[1]


engines = {"solvent": direct, "numpy": lambda s: peer("numpy", s), "numba": lambda s: peer("numba", s)}
rates, ruins = {e: [] for e in engines}, {e: [] for e in engines}
for seed in range(1, rounds + 1):
    for engine, run in engines.items():
        rate, ruin = run(seed)
        rates[engine].append(rate)
        ruins[engine].append(ruin)
median = {e: statistics.median(r) for e, r in rates.items()}
print(f"{paths:,} paths of 60 steps, {rounds} rounds, medians")
print(f"{'':10}{'M path-steps / CPU s':>22}{'solvent is':>12}{'P(ruin, 60)':>13}")
for engine in engines:
    print(f"{engine:10}{median[engine] / 1e6:22.1f}{median['solvent'] / median[engine]:11.1f}x{statistics.mean(ruins[engine]):13.4f}")

walls, long = {}, {}
for workers in (1, 2):
    shutil.rmtree(data, ignore_errors=True)
    subprocess.run([solvent, "up", "--data", data, "--workers", str(workers), "--detach"], check=True, capture_output=True)
    try:
        cluster(workers, 8192, 1)
        walls[workers] = statistics.median(cluster(workers, 1_000_000, s) for s in range(1, rounds + 1))
        long[workers] = statistics.median(cluster(workers, 4_000_000, s) for s in range(1, rounds + 1))
        slider = statistics.median(cluster(workers, 2_000, s) for s in range(1, 4 * rounds + 1))
    finally:
        subprocess.run([solvent, "down", "--data", data], capture_output=True)
print(f"1,000,000 paths through the broker: {walls[1]:.2f} s with 1 worker, {walls[2]:.2f} s with 2")
print(f"4,000,000 paths: {long[1]:.2f} s with 1 worker, {long[2]:.2f} s with 2 ({long[1] / long[2]:.2f} times)")
print(f"2,000 paths through the broker, whole command: {slider * 1000:.0f} ms")

if shutil.which("valgrind") and shutil.which("strip"):
    # Valgrind 3.19 does not read the debug information of Swift 6.3.
    bare = f"{work}/kernel-bare"
    subprocess.run(["strip", "-o", bare, ".build/release/kernel-bench"], check=True)

    def instructions(paths):
        text = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={work}/callgrind.out", bare, str(paths)], capture_output=True, text=True, check=True).stderr
        return int(re.search(r"Collected\s*:\s*(\d+)", text).group(1))
    few, many = 8_192, 40_960
    print(f"instructions per path-step (callgrind): {(instructions(many) - instructions(few)) / ((many - few) * 60):.0f}")
