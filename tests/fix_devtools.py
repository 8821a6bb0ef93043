"""A real Chromium for tests that click: Debian's, without a window, driven by its DevTools protocol."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import websocket

from fix_chromium import chromium
from fix_outside import wait_until

OPTIONS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --disable-dev-shm-usage --window-size=1280,900 --remote-debugging-port=0"
)
LIMIT = 120.0
"""Seconds that anything may take on a loaded machine; nothing waits for them to pass."""


class Connection:
    """The browser's DevTools: one socket for all pages."""

    def __init__(self, address: str) -> None:
        self._socket = websocket.create_connection(address, suppress_origin=True, timeout=LIMIT)
        self._number = 0
        self.pages: dict[str, Page] = {}

    def call(self, method: str, *, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """The answer; events that come before it are given to their pages."""
        self._number += 1
        asked = {"id": self._number, "method": method, "params": parameters}
        self._socket.send(json.dumps(asked | ({"sessionId": session} if session else {})))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer)
                return dict(answer["result"])
            if (page := self.pages.get(answer.get("sessionId", ""))) is not None:
                page.note(answer["method"], answer["params"])

    def close(self) -> None:
        self._socket.close()


class Page:
    """One tab; what it requests, exceptions of its scripts, and messages where ``Log`` is enabled, are noted."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._target = connection.call("Target.createTarget", url="about:blank")["targetId"]
        attached = connection.call("Target.attachToTarget", targetId=self._target, flatten=True)
        self._session = attached["sessionId"]
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.messages: list[str] = []
        connection.pages[self._session] = self
        for domain in ("Page", "Network", "Runtime"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._connection.call(method, session=self._session, **parameters)

    def note(self, method: str, event: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self.requests.append(event["request"]["url"])
        elif method == "Network.webSocketCreated":
            self.requests.append(event["url"])
        elif method == "Log.entryAdded":
            self.messages.append(event["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(event["exceptionDetails"])[:1000])

    def open(self, address: str) -> None:
        self.call("Page.navigate", url=address)

    def evaluate(self, script: str) -> Any:
        """The value of an expression, or of the promise that it is."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait(self, script: str, explain: Callable[[], Any] = lambda: "") -> Any:
        """The first true value of an expression; ``explain`` says what is there instead, where there is none in time."""
        return wait_until(lambda: self.evaluate(script), limit=LIMIT, explain=explain)

    def press(self, key: str) -> None:
        """Tab or Enter."""
        code = {"Tab": 9, "Enter": 13}[key]
        text = {"text": "\r"} if key == "Enter" else {}
        for event in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=event, key=key, code=key, windowsVirtualKeyCode=code, **text)

    def close(self) -> None:
        self._connection.call("Target.closeTarget", targetId=self._target)
        del self._connection.pages[self._session]


@contextmanager
def open_browser(folder: Path) -> Iterator[Connection]:
    """A browser with its profile in this folder; it is gone afterwards."""
    profile = folder / "profile"
    process = subprocess.Popen(
        [chromium(), *OPTIONS.split(), f"--user-data-dir={profile}", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        port = profile / "DevToolsActivePort"
        wait_until(lambda: port.exists() and port.read_text().count("\n"), limit=LIMIT)
        number, place = port.read_text().split("\n")
        with closing(Connection(f"ws://127.0.0.1:{number}{place}")) as connection:
            yield connection
    finally:
        process.terminate()
        process.wait(timeout=LIMIT)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    with open_browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened
