"""Pure Help Desk for the side-by-side benchmark: hub in the relay role, Helpme on the host, console as viewer.

    bench.py run PATH/TO/driver.py:PureHelpDesk tigervnc

The programs come from PHD_BIN_DIR, by default this repository's target/release.
"""
import ctypes
import json
import os
import re
import shutil
import subprocess
import time

from rbench import xlib
from rbench.drivers.base import Driver

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PORT = 4343
OPERATOR, PASSWORD = "bench", "Bench of the pure 1"
PATIENCE_SECONDS = 60


class PureHelpDesk(Driver):
    name = "purehelpdesk"
    settings = "defaults: lossless, 1:1, QUIC through the hub, filmed; input sealed between console and Helpme"
    connect_action = "open Remote Session in the logged-in console, and accept in Helpme"

    def __init__(self, env):
        super().__init__(env)
        self.folder = os.environ.get("PHD_BIN_DIR") or os.path.join(REPOSITORY, "target", "release")
        self.connecting = False

    def versions(self):
        return {"purehelpdesk": self.output([self._program("hub"), "--version"]).strip()}

    def _program(self, name):
        path = os.path.join(self.folder, name)
        if not os.path.exists(path):
            raise RuntimeError("%s is missing; cargo build --release --workspace --bins makes it" % path)
        return path
