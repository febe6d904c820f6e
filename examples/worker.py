#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A worker with a service of its own, `x-wordcount`: a text to how often each word is in it.

    pip install pyzmq cbor2
    python3 worker.py ipc://$HOME/.local/share/solvent/run/worker

Ask it with ask.py. SIGTERM or Ctrl-C ends it when what it has is answered. docs/PROTOCOL.md says what it does and why."""
import collections, os, signal, struct, sys, time
import cbor2, zmq

HELLO, WELCOME, READY, JOB, RESULT, FAIL, HEARTBEAT, WHO, BYE, ERROR = 1, 2, 3, 4, 5, 7, 11, 12, 13, 16
SERVICES, SLOTS, REJECTED = ["x-wordcount"], 4, 1
INSTANCE = os.urandom(16)  # Drawn once: after a lost connection the broker knows us by it.


def header(command, attempt=0, service=0, epoch=0, sequence=0, argument=0):
    return struct.pack("<2sBBBBHQQQ", b"SV", 2, command, 0, attempt, service, epoch, sequence, argument)


def wordcount(text):
    return dict(collections.Counter(text.lower().split()))


def main(endpoint):
    socket = zmq.Context().socket(zmq.DEALER)
    socket.setsockopt(zmq.LINGER, 1000)
    socket.connect(endpoint)
    beat, liveness = 0.25, 2.5  # WELCOME says what they are.
    greeted, heard, beaten, is_welcome, is_leaving = 0.0, time.monotonic(), 0.0, False, False

    def leave(*_):
        nonlocal is_leaving
        is_leaving = True
        if is_welcome:
            socket.send(header(BYE))  # It is answered when our last job is.

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    while is_welcome or not is_leaving:
        now = time.monotonic()
        if is_welcome and now - heard > liveness:
            is_welcome = False
            print("the broker is silent", file=sys.stderr)
        if not is_welcome and now - greeted >= 0.2:
            greeted = now
            hello = {1: 2, 2: "wordcount", 3: os.getpid(), 4: "example", 5: SERVICES, 6: [], 7: INSTANCE}
            socket.send_multipart([header(HELLO), cbor2.dumps(hello, canonical=True)])
        if is_welcome and now - beaten >= beat:
            beaten = now
            socket.send(header(HEARTBEAT))
        if not socket.poll(50):
            continue
        heard = time.monotonic()
        head, *rest = socket.recv_multipart()
        _, _, command, _, attempt, service, epoch, sequence, argument = struct.unpack("<2sBBBBHQQQ", head)
        if command == WELCOME:
            welcome = cbor2.loads(rest[0])
            beat, liveness, is_welcome = welcome[3] / 1000, welcome[4] / 1000, True
            socket.send(header(BYE) if is_leaving else header(READY, argument=SLOTS))
            print("joined the broker", file=sys.stderr)
        elif command == JOB:
            try:
                answer = cbor2.dumps(wordcount(cbor2.loads(rest[0])), canonical=True)
                socket.send_multipart([header(RESULT, attempt, service, epoch, sequence), answer])
            except Exception as error:  # The same text fails the same way everywhere: no flag 4.
                reason = f"not a text: {error}".encode()
                socket.send_multipart([header(FAIL, attempt, service, epoch, sequence, REJECTED), reason])
        elif command == WHO or command == BYE and not is_leaving:
            is_welcome = False
        elif command == BYE:
            break
        elif command == ERROR:
            sys.exit(f"the broker refuses ({argument}): {rest[0].decode() if rest else ''}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else sys.exit(__doc__))
