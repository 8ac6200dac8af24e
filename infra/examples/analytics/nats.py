"""The little of the NATS client protocol that a subscriber needs, from docs.nats.io/reference/nats-protocols/nats-protocol."""

import json
import socket
import time


class NatsError(Exception):
    """The broker refused something, or what it said can't be understood."""


class Nats:
    """One connection, one thread: `messages` both reads and answers PING."""

    MOST_BYTES = 64 * 1024 * 1024

    def __init__(self, host, port, user=None, password=None, timeout=5.0):
        self._socket = socket.create_connection((host, port), timeout)
        self._buffer = bytearray()
        self._kept = []
        self._sid = 0
        deadline = time.monotonic() + timeout
        info = self._line(deadline)
        if not info.startswith("INFO "):
            raise NatsError(f"expected INFO, got {info[:80]!r}")
        self.info = json.loads(info[5:])
        options = {
            "verbose": False, "pedantic": False, "headers": True, "lang": "python", "version": "0",
            "name": "sallyport-analytics", "protocol": 1, "no_responders": True,
        }
        if user is not None:
            options.update(user=user, **{"pass": password})
        self._send(f"CONNECT {json.dumps(options)}\r\nPING\r\n".encode())
        line = self._line(deadline)
        if line.startswith("-ERR"):
            raise NatsError(line[5:].strip("'"))
        if line != "PONG":
            raise NatsError(f"expected PONG, got {line[:80]!r}")

    def subscribe(self, subject):
        self._sid += 1
        self._send(f"SUB {subject} {self._sid}\r\n".encode())
        return self._sid

    def flush(self, timeout=5.0):
        """Returns when the broker has seen everything sent before; messages that come meanwhile are kept."""
        self._send(b"PING\r\n")
        self._kept.extend(self.messages(timeout, until_pong=True))

    def messages(self, seconds, until_pong=False):
        """Yields (subject, reply, headers, body), for so long; while nothing comes, None five times a second."""
        if not until_pong:
            kept, self._kept = self._kept, []
            yield from kept
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                line = self._line(min(deadline, time.monotonic() + 0.2))
            except TimeoutError:
                if not until_pong:
                    yield None
                continue
            word, _, rest = line.partition(" ")
            if word == "PING":
                self._send(b"PONG\r\n")
            elif word == "PONG":
                if until_pong:
                    return
            elif word == "-ERR":
                raise NatsError(rest.strip("'"))
            elif word in ("MSG", "HMSG"):
                yield self._message(word, rest.split())
            elif word not in ("INFO", "+OK"):
                raise NatsError(f"unknown protocol line {line[:80]!r}")
        if until_pong:
            raise TimeoutError("no PONG in time")

    def close(self):
        self._socket.close()

    def _message(self, word, parts):
        sizes = 2 if word == "HMSG" else 1
        subject, reply = parts[0], parts[2] if len(parts) > 2 + sizes else ""
        total = int(parts[-1])
        if not 0 <= total <= self.MOST_BYTES:
            raise NatsError(f"a message of {total} bytes must have at most {self.MOST_BYTES}")
        body = self._bytes(total + 2, time.monotonic() + 30)[:-2]
        head = int(parts[-2]) if word == "HMSG" else 0
        return subject, reply, bytes(body[:head]), bytes(body[head:])

    def _send(self, data):
        self._socket.settimeout(5)
        self._socket.sendall(data)

    def _line(self, deadline):
        while (end := self._buffer.find(b"\r\n")) < 0:
            self._more(deadline)
        line = self._buffer[:end].decode()
        del self._buffer[: end + 2]
        return line

    def _bytes(self, count, deadline):
        while len(self._buffer) < count:
            self._more(deadline)
        data = self._buffer[:count]
        del self._buffer[:count]
        return data

    def _more(self, deadline):
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)
        data = self._socket.recv(64 * 1024)
        if not data:
            raise NatsError("the broker closed the connection")
        self._buffer += data
