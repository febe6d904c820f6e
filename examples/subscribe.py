#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Follows the daily cost of a Solvent cluster with a plain ZeroMQ SUB socket.

    pip install pyzmq cbor2
    python3 subscribe.py ipc://$HOME/.local/share/solvent/run/stream [cost/day/model [updates]]
"""
import datetime, struct, sys
import cbor2, zmq

endpoint, topic = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "cost/day/model"
updates = int(sys.argv[3]) if len(sys.argv) > 3 else None
socket = zmq.Context().socket(zmq.SUB)
socket.connect(endpoint)
socket.subscribe(topic.encode() + b"\0")
rows, position, seen = {}, None, 0
while updates is None or seen < updates:
    _, header, *payload = socket.recv_multipart()
    flags, epoch, sequence = header[4], *struct.unpack_from("<Q8xQ", header, 8)
    if not payload:  # A heartbeat: it only tells how far the topic is.
        if position and (epoch, sequence) > position:
            position = None
            socket.subscribe(topic.encode() + b"\0")  # Missed something: ask for a snapshot.
        continue
    is_snapshot = flags & 1
    if position and (epoch, sequence) <= position:
        continue  # Meant for somebody who joined later.
    if not is_snapshot and position != (epoch, sequence - 1):
        position = None
        socket.subscribe(topic.encode() + b"\0")
        continue
    rows, position = {} if is_snapshot else rows, (epoch, sequence)
    update = cbor2.loads(payload[0])
    for row in update[4]:
        rows[row[1], row[2]] = row[3]
    seen += 1
    print(f"{topic}  ledger {update[2]}")
    for (time, name), totals in sorted(rows.items()):
        day = datetime.datetime.fromtimestamp(time / 1000, datetime.timezone.utc).date()
        cost = totals.get(3)  # A count of 10^-24; absent when nothing has a price.
        print(f"  {day}  {name:20}  {'unpriced' if cost is None else f'{cost // 10**15} n{update[3]}'}", flush=True)
