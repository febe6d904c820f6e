#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Follows the cost of a Solvent cluster with a plain ZeroMQ SUB socket (docs/PROTOCOL.md, section 8).

    pip install pyzmq cbor2
    python3 subscribe.py ipc://$HOME/.local/share/solvent/run/stream [cost/day/model [updates]]
"""
import datetime, itertools, os, secrets, struct, sys, time
import cbor2, zmq

SNAPSHOT, PUBLISH, CAUGHT_UP = 1, 15, 18


def money(quanta):  # A count of 10^-24 of a currency unit, exactly.
    whole, part = divmod(abs(quanta), 10**24)
    return f"{'-' if quanta < 0 else ''}{whole:,}.{f'{part:024}'.rstrip('0'):0<2}"


class Topic:
    def __init__(self, endpoint, name):
        self.prefix, self.token = name.encode() + b"\0", None  # The zero ends each topic: this one and no longer one.
        self.socket = zmq.Context().socket(zmq.SUB)
        self.socket.connect(endpoint)
        self.socket.subscribe(self.prefix)  # Before the token: what is news meanwhile must not be missed.
        self.join()

    def join(self):
        if self.token:
            self.socket.unsubscribe(self.token + self.prefix)
        self.token = b"@" + secrets.token_hex(8).encode() + b"/"  # Drawn anew: what comes under it is ours alone.
        self.socket.subscribe(self.token + self.prefix)
        self.position, self.rows, self.is_live, self.joined = None, {}, False, time.monotonic()

    def updates(self):
        while True:
            if not self.is_live and time.monotonic() - self.joined > 1:
                self.join()
            if not self.socket.poll(200):
                continue
            topic, header, *payload = self.socket.recv_multipart()
            if topic.startswith(b"@") and not topic.startswith(self.token):
                continue  # Of an earlier joining.
            command, flags, epoch, sequence = header[3], header[4], *struct.unpack_from("<Q8xQ", header, 8)
            if command == CAUGHT_UP:
                self.is_live = True
            elif self.take(command, flags, (epoch, sequence), payload):
                yield cbor2.loads(payload[0])
            elif self.is_live and (self.position or (0, 0)) < (epoch, sequence):
                self.join()  # A gap: something was lost on the way.

    def take(self, command, flags, place, payload):
        if command != PUBLISH or self.position and place <= self.position:
            return False
        if flags & SNAPSHOT:
            self.rows = {}
        elif self.position != (place[0], place[1] - 1):
            return False
        self.position = place
        # Rows carry their new values, not differences.
        self.rows.update({(row[1], row[2]): row[3] for row in cbor2.loads(payload[0])[4]})
        return True


def main(endpoint, name="cost/day/model", updates=None):
    topic = Topic(endpoint, name)
    for update in itertools.islice(topic.updates(), updates and int(updates)):
        print(f"{name}  ledger {update[2]}")
        for (when, row), totals in sorted(topic.rows.items()):
            at = datetime.datetime.fromtimestamp(when / 1000, datetime.timezone.utc)
            cost = f"{money(totals[3]):>20} {update[3]}" if 3 in totals else "unpriced"  # Not known is not 0.
            print(f"  {at:%Y-%m-%dT%H:%MZ}  {row:24} {cost}")
        sys.stdout.flush()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:4]) if len(sys.argv) > 1 else sys.exit(__doc__)
    except (KeyboardInterrupt, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Whoever read us is gone: nothing to say.
