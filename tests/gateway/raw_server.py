"""A server that sends any bytes, also such as no web server would."""

from __future__ import annotations

import contextlib
import json
import re
import socketserver
import threading
from collections.abc import Iterable
from typing import Any

LISTS = {"data": [{"id": "one"}], "endpoints": [{"name": "one", "endpoint_type": "llm/v1/chat"}]}
"""What both kinds of gateway say of an endpoint."""


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server = self.server
        assert isinstance(server, Server)
        head = b"".join(iter(self.rfile.readline, b"\r\n")).decode()
        lengths = re.findall(r"(?i)^content-length: (\d+)", head, re.MULTILINE)
        self.rfile.read(int(*lengths or "0"))  # bytes that nobody reads would make the answer be lost
        server.heard.append(head)
        with contextlib.suppress(OSError):
            for piece in server.answers[min(len(server.heard), len(server.answers)) - 1]:
                self.wfile.write(piece)
                if server.ended.wait(server.pause):
                    return


class Server(socketserver.ThreadingTCPServer):
    """A server that sends one answer after the other, in pieces, then always the last; it keeps what it was sent."""

    daemon_threads = True

    def __init__(self, *answers: Iterable[bytes], pause: float = 0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.heard: list[str] = []
        self.answers, self.pause, self.ended = answers, pause, threading.Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Server:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *ended: object) -> None:
        self.ended.set()
        self.shutdown()
        self.server_close()


def http(content: bytes, status: str = "200 OK", kind: str = "application/json", **headers: Any) -> bytes:
    lines = {"Content_Type": kind, "Content_Length": len(content), **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + content


LISTING = http(json.dumps(LISTS).encode())
