"""A headless Chromium for tests of pages: what a page asks for, what it runs, and how wide it is."""

import json
import re
import shutil
import subprocess
import time
import urllib.request
from contextlib import contextmanager

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextmanager
def a_tab(folder):
    """One tab of a browser with a profile of its own in `folder`; skips without the client of DevTools."""
    connect = pytest.importorskip("websockets.sync.client").connect
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-port=0",
             "--disable-background-networking", f"--user-data-dir={folder / 'profile'}", "about:blank"]  # fmt: skip
    with subprocess.Popen([CHROMIUM, *flags], stderr=subprocess.PIPE, text=True) as browser:
        try:
            line = next(line for line in browser.stderr if "DevTools listening on" in line)
            port = re.search(r"ws://127\.0\.0\.1:(\d+)/", line).group(1)
            tabs = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=20))
            tab = next(tab for tab in tabs if tab["type"] == "page")
            with connect(tab["webSocketDebuggerUrl"], max_size=None, open_timeout=60) as socket:
                yield Tab(socket)
        finally:
            browser.kill()


class Tab:
    """A page of a browser, by its DevTools: what it asked for, what it ran, what it measures."""

    def __init__(self, socket):
        self.socket, self.count = socket, 0
        self.requests, self.alarms = [], []

    def call(self, method, **params):
        """Call a method; events that come before its answer are noted."""
        self.count += 1
        self.socket.send(json.dumps({"id": self.count, "method": method, "params": params}))
        while (message := json.loads(self.socket.recv(timeout=60))).get("id") != self.count:
            self.note(message)
        return message["result"]

    def note(self, message):
        if message["method"] == "Network.requestWillBeSent":
            asked = message["params"]["request"]["url"]
            if not asked.endswith("/favicon.ico"):  # asked by the browser of the server, not by the page
                self.requests.append(asked)
        if message["method"] in ("Page.javascriptDialogOpening", "Runtime.exceptionThrown"):
            self.alarms.append(message["params"])

    def value(self, expression):
        return self.call("Runtime.evaluate", expression=expression)["result"]["value"]

    def visit(self, url, width, height):
        for domain in ("Page", "Network", "Runtime"):
            self.call(f"{domain}.enable")
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )
        self.call("Page.navigate", url=url)
        until = time.monotonic() + 60
        while self.value("document.readyState") != "complete":
            assert time.monotonic() < until
            time.sleep(0.1)
        time.sleep(0.5)
        return self

    def width(self):
        """How wide the page is, with what runs over its right end."""
        return self.value("document.documentElement.scrollWidth")

    def least_letters(self):
        """The smallest letters of paragraphs and cells, in pixels."""
        sizes = "[...document.querySelectorAll('p, td')].map(e => parseFloat(getComputedStyle(e).fontSize))"
        return self.value(f"Math.min(...{sizes})")

    def forget(self):
        """What comes from now on is of the next page."""
        self.requests, self.alarms = [], []
        return self
