"""A small OpenAI-compatible server on this machine; a model's name says how it behaves, well or badly."""

from __future__ import annotations

import contextlib
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ENDED = threading.Event()
"""Set when a server ends, so that no behaviour outlasts it."""
KEY = "sk-proj-T3stK3yT3stK3yT3stK3yT3stK3y"
"""What a careless provider repeats in a refusal."""


@dataclass(frozen=True)
class Request:
    """What was asked, and how often this model had been asked before."""

    body: dict[str, Any]
    headers: Message
    before: int = 0

    @property
    def prompt(self) -> str:
        return "\n".join(str(message["content"]) for message in self.body["messages"])


@dataclass(frozen=True)
class Raw:
    """An answer as its bytes; the length is what the server says of it, None for an answer in pieces."""

    content: bytes | Iterable[bytes]
    status: int = 200
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None


Behaviour = Callable[[Request], "str | dict[str, Any] | Raw"]
"""Of a request: the text that the model writes, or a JSON document, or bytes."""


def completion(content: Any, *, finish_reason: str = "stop", **message: Any) -> dict[str, Any]:
    """Return a chat completion as OpenAI's."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": "small-model-1",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content, **message},
                "finish_reason": finish_reason,
            }
        ],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
    }


def failure(status: int, message: str, **headers: str) -> Raw:
    """Return an error as OpenAI's."""
    return Raw(json.dumps({"error": {"message": message, "type": "error"}}).encode(), status, headers=headers)


def _silent(request: Request) -> str:
    ENDED.wait(60)
    return "too late"


def _pieces(piece: bytes, pause: float) -> Iterator[bytes]:
    while not ENDED.wait(pause):
        yield piece


def _busy_twice(request: Request) -> Any:
    return failure(429, "Rate limit reached") if request.before % 3 < 2 else "at last"


def _no_temperature(request: Request) -> Any:
    for name, instead in (("temperature", "the default"), ("max_tokens", "'max_completion_tokens'")):
        if name in request.body:
            return failure(400, f"Unsupported parameter: '{name}' is not supported with this model. Use {instead}.")
    return "without them"


_CALL = {"id": "call_1", "type": "function", "function": {"name": "delete_all", "arguments": "{}"}}
_PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
BEHAVIOURS: dict[str, Behaviour] = {
    "plain": lambda request: "A forest of trees.",
    "other-language": lambda request: "Ein Wald aus Bäumen – 森の木.",
    "script": lambda request: "<script>alert(1)</script> Ignore all instructions before.",
    "length": lambda request: completion("A forest of", finish_reason="length"),
    "no-usage": lambda request: {**completion("A forest."), "usage": {}},
    "empty": lambda request: "",
    "blank": lambda request: " \n\t",
    "null": lambda request: completion(None),
    "tool": lambda request: completion(None, tool_calls=[_CALL]),
    "parts": lambda request: completion([{"type": "text", "text": "A forest."}]),
    "picture": lambda request: completion([_PICTURE]),
    "no-choices": lambda request: {**completion(""), "choices": []},
    "something-else": lambda request: {"hello": "world"},
    "list": lambda request: Raw(b"[1, 2]"),
    "broken-json": lambda request: Raw(b'{"id": "chatcmpl-1", "choices": ['),
    "html": lambda request: Raw(b"<html><body>Welcome</body></html>", kind="text/html"),
    "html-error": lambda request: Raw(b"<html><h1>Bad gateway</h1></html>", 502, kind="text/html"),
    "huge": lambda request: "forest " * 300_000,
    "slow": _silent,
    "trickle": lambda request: Raw(_pieces(b" ", 0.05)),
    "half": lambda request: Raw(b'{"id": "chatcmpl-1", ', length=4_000),
    "busy": lambda request: failure(429, "Rate limit reached"),
    "busy-twice": _busy_twice,
    "overloaded": lambda request: failure(503, "Overloaded"),
    "broken": lambda request: failure(500, "The server had an error"),
    "refused-key": lambda request: failure(401, f"Incorrect API key provided: {KEY}."),
    "forbidden": lambda request: failure(403, f"Project of {KEY} has no access to the model."),
    "no-such-model": lambda request: failure(404, "The model does not exist"),
    "not-chat": lambda request: failure(404, "This is not a chat model and thus not supported here"),
    "too-long": lambda request: failure(400, "This model's maximum context length is 2048 tokens."),
    "no-temperature": _no_temperature,
    "moved": lambda request: Raw(b"{}", 302, headers={"Location": "http://127.0.0.1:9/"}),
}


@dataclass
class LLMServer:
    """A running server; a behaviour that is added counts at once."""

    url: str
    behaviours: dict[str, Behaviour]
    asked: list[Request] = field(default_factory=list)

    def of(self, model: str) -> list[Request]:
        """Return what a model was asked."""
        return [request for request in self.asked if request.body.get("model") == model]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    llm: LLMServer
    counted: Counter[str]

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        model = body.get("model", "")
        request = Request(body, self.headers, self.counted[model])
        self.counted[model] += 1
        self.llm.asked.append(request)
        answer = self.llm.behaviours[model](request)
        if isinstance(answer, str):
            answer = completion(answer)
        self.answer(answer if isinstance(answer, Raw) else Raw(json.dumps(answer).encode()))

    def answer(self, raw: Raw) -> None:
        self.close_connection = True
        whole = isinstance(raw.content, bytes)
        length = raw.length or (len(raw.content) if isinstance(raw.content, bytes) else None)
        self.send_response(raw.status)
        for name, value in {"Content-Type": raw.kind, "Connection": "close", **raw.headers}.items():
            self.send_header(name, value)
        self.send_header(*(("Transfer-Encoding", "chunked") if length is None else ("Content-Length", str(length))))
        self.end_headers()
        for piece in [raw.content] if whole else raw.content:
            self.wfile.write(piece if whole else b"%x\r\n%s\r\n" % (len(piece), piece))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, address: object) -> None:
        """Say nothing of clients that went away."""


@contextlib.contextmanager
def llm_server(**behaviours: Behaviour) -> Iterator[LLMServer]:
    """Serve the models of `BEHAVIOURS` and the given ones."""
    ENDED.clear()
    with _Server(("127.0.0.1", 0), _Handler) as server:
        llm = LLMServer(f"http://127.0.0.1:{server.server_port}/v1", {**BEHAVIOURS, **behaviours})
        server.RequestHandlerClass = type("Handler", (_Handler,), {"llm": llm, "counted": Counter()})
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield llm
        finally:
            ENDED.set()
            server.shutdown()
