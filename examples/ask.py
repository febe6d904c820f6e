#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks a Solvent cluster what each model has cost, or a service of one's own (docs/PROTOCOL.md).

    pip install pyzmq cbor2
    python3 ask.py ipc://$HOME/.local/share/solvent/run/client
    python3 ask.py ipc://$HOME/.local/share/solvent/run/client x-wordcount "to be or not to be"
"""
import os, random, struct, sys, time
import cbor2, zmq

HELLO, WELCOME, JOB, RESULT, COMMIT, FAIL, HEARTBEAT, WHO, BYE, ERROR = 1, 2, 4, 5, 6, 7, 11, 12, 13, 16
RETRYABLE, FULL, UNSERVED, PATIENCE = 4, 5, 4, 5.0


def header(command, epoch=0, sequence=0, argument=0):
    return struct.pack("<2sBBBBHQQQ", b"SV", 2, command, 0, 0, 0, epoch, sequence, argument)


def ask(endpoint, service, question, timeout=30.0):
    socket = zmq.Context().socket(zmq.DEALER)
    socket.setsockopt(zmq.LINGER, 500)
    socket.connect(endpoint)
    hello = {1: 1, 2: "ask.py", 3: os.getpid(), 4: "example", 5: [], 6: [[service]], 7: os.urandom(16)}
    job = [header(JOB, epoch=random.getrandbits(64), sequence=1), cbor2.dumps(question, canonical=True)]
    began = heard = now = time.monotonic()
    greeted, beaten, again, received, is_welcome, has_joined = 0.0, 0.0, None, 0, False, False
    while now - began < (timeout if has_joined else PATIENCE):
        now = time.monotonic()
        is_welcome = is_welcome and now - heard <= 2.5
        if not is_welcome and now - greeted >= 0.2:
            greeted = now
            socket.send_multipart([header(HELLO), cbor2.dumps(hello, canonical=True)])
        if is_welcome and now - beaten >= 0.25:
            beaten = now
            socket.send(header(HEARTBEAT, argument=received))
        if again and now >= again:
            again = None
            socket.send_multipart(job)
        if not socket.poll(50):
            continue
        heard = time.monotonic()
        head, *rest = socket.recv_multipart()
        command, flags, argument = head[3], head[4], struct.unpack_from("<Q", head, 24)[0]
        received += 1
        if command == WELCOME:
            is_welcome, has_joined, received, again = True, True, 0, None  # WELCOME itself is not counted.
            socket.send_multipart(job)  # Also after a lost connection: the broker keeps nothing that matters.
        elif command in (RESULT, COMMIT):
            socket.send(header(BYE))
            return cbor2.loads(rest[0])
        elif command == FAIL:
            code, text = argument & 0xFFFFFFFF, rest[0].decode() if rest else ""
            if flags & RETRYABLE and code in (FULL, UNSERVED) and now - began < PATIENCE:
                again = now + 0.5
                continue
            sys.exit(text or (f"nobody offers '{service}'" if code == UNSERVED else f"failure {code}"))
        elif command in (WHO, BYE):
            is_welcome = False
        elif command == ERROR:
            sys.exit(f"the broker refuses ({argument}): {rest[0].decode() if rest else ''}")
    sys.exit("no answer" if has_joined else f"no broker answers at {endpoint}")


def show_costs(answer):
    print(f"{'MODEL':28} {'REQUESTS':>12} {'INPUT':>16} {'OUTPUT':>16} {'COST ' + answer.get(4, ''):>20}")
    for name, totals in [(row[1][0] or "–", row[2]) for row in answer[2]] + [("TOTAL", answer[3])]:
        counts, cost = totals[1], totals.get(3)  # A count of 10^-24; absent when nothing has a price.
        money = "unpriced" if cost is None else f"{cost // 10**18 / 10**6:,.6f}" + ("+?" if totals[2] else "")
        print(f"{name:28} {counts.get(1, 0):12,} {counts.get(3, 0):16,} {counts.get(5, 0):16,} {money:>20}")


if __name__ == "__main__":
    if len(sys.argv) == 2:
        show_costs(ask(sys.argv[1], "query", {1: {1: ["model"], 4: "UTC", 5: {}}}))
    elif len(sys.argv) == 4:
        print(ask(*sys.argv[1:4]))
    else:
        sys.exit(__doc__)
