# SPDX-License-Identifier: Apache-2.0
"""Draws docs/modules.svg, the modules and what each depends on, from Package.swift:  make graph

Each module stands above everything that it depends on; an arrow that a longer way says as well is left
out. Colours are the groups of Package.swift: transport, economics, where the two meet, programs."""
import json, subprocess, sys

package = json.loads(subprocess.run(["swift", "package", "describe", "--type", "json"], capture_output=True, text=True, check=True).stdout)
TRANSPORT = {"CAccept", "ZeroMQ", "CBOR", "Broker", "Cluster"}
MEET = {"ClusterAccess", "FileHandover", "ClusterAPI", "Rendering", "Host", "Supervision", "BrokerService", "IngestService", "ReportService", "WorkerService"}
targets = {t["name"]: t for t in package["targets"] if t["type"] in ("library", "executable") and not t["path"].startswith(("Tests", "Benchmarks"))}
needs = {n: {d for d in t.get("target_dependencies", []) if d in targets} for n, t in targets.items()}


def reachable(name):
    seen, pending = set(), list(needs[name])
    while pending:
        n = pending.pop()
        if n not in seen:
            seen.add(n)
            pending += needs[n]
    return seen


def level(name):
    return 1 + max((level(n) for n in needs[name]), default=-1)


direct = {n: {d for d in ds if not any(d in reachable(o) for o in ds if o != d)} for n, ds in needs.items()}
rows = {}
for n in sorted(targets): rows.setdefault(level(n), []).append(n)


def kind(name):
    if targets[name]["type"] == "executable": return "#fde68a"
    return "#bfdbfe" if name in TRANSPORT else "#ddd6fe" if name in MEET else "#bbf7d0"


# Each row in the order of what it stands on: fewer crossings.
place = {}
for depth in sorted(rows):
    def middle(n):
        below = [place[d][0] for d in direct[n] if d in place]
        return (sum(below) / len(below) if below else 0, n)
    rows[depth].sort(key=(lambda n: (n not in TRANSPORT, n)) if depth == 0 else middle)
    width = 1120 / len(rows[depth])
    for i, n in enumerate(rows[depth]): place[n] = (20 + width * (i + 0.5), 60 + 88 * (max(rows) - depth))
height = 60 + 88 * max(rows) + 40
out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1160 {height}" font-family="sans-serif" font-size="13">',
       f'<rect width="1160" height="{height}" fill="white"/>',
       '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto"><path d="M0 0 8 4 0 8z" fill="#6b7280"/></marker></defs>']
for n, ds in sorted(direct.items()):
    for d in sorted(ds):
        (x1, y1), (x2, y2) = place[n], place[d]
        out.append(f'<path d="M{x1:.0f} {y1 + 14:.0f} C{x1:.0f} {y1 + 50:.0f} {x2:.0f} {y2 - 50:.0f} {x2:.0f} {y2 - 15:.0f}" fill="none" stroke="#9ca3af" marker-end="url(#a)"/>')
for n, (x, y) in sorted(place.items()):
    w = 8 * len(n) + 16
    out.append(f'<rect x="{x - w / 2:.0f}" y="{y - 14:.0f}" width="{w}" height="28" rx="5" fill="{kind(n)}" stroke="#6b7280"/><text x="{x:.0f}" y="{y + 4:.0f}" text-anchor="middle">{n}</text>')
for i, (text, colour) in enumerate([("transport: no money, no files", "#bfdbfe"), ("economics: no sockets", "#bbf7d0"), ("where the two meet", "#ddd6fe"), ("programs", "#fde68a")]):
    out.append(f'<rect x="{20 + 240 * i}" y="12" width="14" height="14" fill="{colour}" stroke="#6b7280"/><text x="{40 + 240 * i}" y="24">{text}</text>')
crossing = [(n, d) for n in targets if n in TRANSPORT for d in reachable(n) if d not in TRANSPORT] + [(n, d) for n in targets if kind(n) == "#bbf7d0" for d in reachable(n) if d in TRANSPORT - {"CBOR"}]
open("docs/modules.svg", "w").write("\n".join(out) + "\n</svg>\n")
print(f"docs/modules.svg: {len(targets)} modules, {sum(map(len, direct.values()))} arrows, {max(rows) + 1} rows")
for n, d in crossing: print(f"the columns cross: {n} depends on {d}")
sys.exit(1 if crossing else 0)
