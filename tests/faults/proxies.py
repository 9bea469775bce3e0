"""A server before a server, which lets a test spoil what passes."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Spoil = Callable[[str, str], "int | str | None"]
"""Of a method and a path: a status to answer instead, "lose" or "cut" to lose the answer or half of it, or None."""


@contextlib.contextmanager
def proxy(port: int, spoil: Spoil) -> Iterator[str]:
    """Serve what the server on the port serves, but for what is spoiled, and give the URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            pass

        def pass_on(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            verdict = spoil(self.command, self.path)
            if isinstance(verdict, int):
                self.answer(verdict, "text/plain", b"spoiled")
                return
            server = http.client.HTTPConnection("127.0.0.1", port, timeout=200)
            server.request(self.command, self.path, content, dict(self.headers))
            answer = server.getresponse()
            whole = answer.read()
            server.close()
            if verdict == "lose":
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
            else:
                shown = whole[: len(whole) // 2] if verdict == "cut" else whole
                self.answer(answer.status, answer.headers.get("Content-Type", "text/plain"), shown, len(whole))
                self.close_connection = verdict == "cut"

        def answer(self, status: int, kind: str, content: bytes, length: int | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content) if length is None else length))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, address: object) -> None:
            """Say nothing of connections that were lost."""

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
