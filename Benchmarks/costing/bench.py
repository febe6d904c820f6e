# SPDX-License-Identifier: Apache-2.0
"""Alternating runs of Solvent and its peers on one log; prints medians. See ./run."""
import csv, glob, gzip, os, random, shutil, statistics, subprocess, sys
from decimal import Decimal

rounds, copies, work = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
here = os.path.dirname(os.path.abspath(__file__))
solvent = os.path.abspath(".build/release/solvent")
log, prices, data = f"{work}/log-{copies}.csv", f"{work}/prices.yaml", os.path.abspath(f"{work}/data")
HEADER = "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n"


def rows():
    """The rows of one copy of the log, as bytes."""
    source = os.path.join(os.environ.get("SOLVENT_TEST_DATA", "../shared/data"), "burstgpt/BurstGPT_1_like.csv.gz")
    if os.path.exists(source):
        with gzip.open(source) as file:
            return file.read().split(b"\n", 1)[1]
    draw, lines, now = random.Random(1), [], 0
    for _ in range(1_429_737):
        now += draw.randrange(8)
        tokens = draw.randrange(3000), draw.randrange(900) if draw.random() > 0.02 else 0
        lines.append(f"{now},{draw.choice(['ChatGPT'] * 6 + ['GPT-4'])},{tokens[0]},{tokens[1]},{sum(tokens)},"
                     f"{draw.choice(['API log'] * 9 + ['Conversation log'])}\n")
    return "".join(lines).encode()


def prepare():
    if not os.path.exists(log):
        body = rows()
        with open(log, "wb") as file:
            file.write(HEADER.encode())
            for _ in range(copies):
                file.write(body)
    with open(prices, "w") as file:
        file.write("book: bench\nversion: 1\ncurrency: USD\nmodels:\n")
        for model, alias, i, o in (("gpt-3.5-turbo", "ChatGPT", "0.5", "1.5"), ("gpt-4", "G4", "30", "60")):
            file.write(f"  - provider: openai\n    model: {model}\n    aliases: [{alias}]\n    rates: [{{from: 2015-01-01,"
                       f" per_million_tokens: {{input: {i}, output: {o}}}, source: bench, retrieved: 2026-01-01}}]\n")


def measure(command):
    """CPU seconds, wall seconds and peak MiB of a whole process."""
    run = subprocess.run([sys.executable, "-SE", f"{here}/measure.py", *command], stdout=subprocess.PIPE, text=True)
    assert run.returncode == 0, command
    return tuple(float(word) for word in run.stdout.split())


def members():
    """Processes of the benchmark's cluster: pid to (CPU seconds, peak MiB)."""
    found = {}
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            words = open(path, "rb").read().split(b"\0")
            if not (b"/solvent" in words[0] and data.encode() in words):
                continue
            folder = os.path.dirname(path)
            fields = open(f"{folder}/stat").read().rsplit(")", 1)[1].split()
            peak = next(line for line in open(f"{folder}/status") if line.startswith("VmHWM"))
            found[folder] = ((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), int(peak.split()[1]) / 1024)
        except (FileNotFoundError, ProcessLookupError, StopIteration):
            pass
    return found


def cluster(workers):
    """A cluster from empty to everything booked: its processes' CPU, the import's wall time."""
    shutil.rmtree(data, ignore_errors=True)
    subprocess.run([solvent, "up", "--data", data, "--workers", str(workers), "--detach"], check=True, capture_output=True)
    try:
        before = members()
        cpu, wall, peak = measure([solvent, "ingest", "--data", data, "--prices", prices, "-q", log])
        after = members()
        cpu += sum(after[p][0] - before.get(p, (0, 0))[0] for p in after)
        check(subprocess.run([solvent, "cost", "--data", data, "--by", "hour,model,log_type", "--csv"],
                             check=True, capture_output=True, text=True).stdout)
        return cpu, wall, peak + sum(x[1] for x in after.values())
    finally:
        subprocess.run([solvent, "down", "--data", data], capture_output=True)


expected = None


def check(text):
    """All engines must give the same figures."""
    global expected
    sums = sorted([int(r["requests"]), int(r["failed"]), int(r["input_tokens"]), int(r["output_tokens"]),
                   int(Decimal(r["cost"]) * 10**9) if "cost" in r else int(r["cost_nano_usd"])] for r in csv.DictReader(text.splitlines()))
    expected = expected or sums
    assert sums == expected, "the figures differ"


def peer(engine, threads):
    out = f"{work}/{engine}.csv"
    result = measure([sys.executable, f"{here}/peers.py", engine, log, out, str(threads)])
    check(open(out).read())
    return result


def direct():
    out = f"{work}/direct.csv"
    result = measure(["/bin/sh", "-c", f"exec {solvent} cost --prices {prices} --by hour,model,log_type --csv {log} > {out}"])
    check(open(out).read())
    return result


prepare()
runs = {
    "Polars, 1 thread": lambda: peer("polars", 1), "Polars, 2 threads": lambda: peer("polars", 2),
    "DuckDB, 1 thread": lambda: peer("duckdb", 1), "DuckDB, 2 threads": lambda: peer("duckdb", 2),
    "solvent cost FILE": direct, "solvent cluster, 2 workers": lambda: cluster(2),
}
results = {name: [] for name in runs}
for _ in range(rounds):
    for name, run in runs.items():
        results[name].append(run())
size = sum(1 for _ in open(log, "rb")) - 1
print(f"{size:,} rows, {rounds} rounds, medians")
print(f"{'':28}{'CPU s':>8}{'of Polars':>11}{'wall s':>8}{'of DuckDB 2':>13}{'peak MiB':>10}")
median = {name: [statistics.median(x) for x in zip(*values)] for name, values in results.items()}
polars, duck = median["Polars, 1 thread"][0], median["DuckDB, 2 threads"][1]
for name, (cpu, wall, peak) in median.items():
    print(f"{name:28}{cpu:8.2f}{cpu / polars:11.2f}{wall:8.2f}{wall / duck:13.2f}{peak:10.0f}")
