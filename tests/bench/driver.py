"""Pure Help Desk for the side-by-side benchmark: hub in the relay role, Helpme on the host, console as viewer.

    bench.py run PATH/TO/driver.py:PureHelpDesk tigervnc

The programs come from PHD_BIN_DIR, by default this repository's target/release. Everything is done
through the real windows: the programs say where their labels are (PHD_UI_MAP), keys and clicks are XTEST.
"""
import ctypes
import json
import os
import re
import subprocess
import time

from rbench import xlib
from rbench.drivers.base import Driver

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PORT = 4343
OPERATOR, PASSWORD = "bench", "bench of the pure 1"
PATIENCE = 60.0


class PureHelpDesk(Driver):
    name = "purehelpdesk"
    settings = "defaults: true colour, 1:1, QUIC through the hub, filmed; input sealed between console and Helpme"
    connect_action = "Allow in Helpme, where the operator's question stands"

    def __init__(self, env):
        super().__init__(env)
        self.folder = os.environ.get("PHD_BIN_DIR") or os.path.join(REPOSITORY, "target", "release")
        self.asked, self.pressed = False, 0.0

    def versions(self):
        return {"hub": self.output([self._program("hub"), "--version"]).strip()}

    # -- the three programs ------------------------------------------------------
    def setup(self):
        data = os.path.join(self.env.workdir, "hub-data")
        ready = os.path.join(self.env.workdir, "hub-ready.json")
        hub = self._program("hub")
        made = self.env.spawn("relay", [hub, "admin", "add-operator", OPERATOR, "--data", data], stdin=subprocess.PIPE)
        made.communicate(PASSWORD.encode(), timeout=PATIENCE)
        self.env.spawn("relay", [hub, "serve", "--data", data, "--listen", "0.0.0.0:%d" % PORT, "--ready-file", ready])
        self.fingerprint = self._wait("the hub", lambda: self._json(ready))["fingerprint"]
        self._start_console()
        self._start_helpme()
        self.ticket = self._ticket()
        self._type_ticket()
        self.row = self._wait("the computer in the list", lambda: self._find("viewer", self.ticket, "ListBoxOption"))

    def _start_console(self):
        profile = self._profile("viewer", "pure-help-desk", {
            "server_address": self.env.hub_ip_for_viewer, "port": PORT, "fingerprint": self.fingerprint,
            "user_name": OPERATOR, "remember_password": True, "connect_on_start_up": True,
            "action_feed_back": False, "language": "En", "theme": "Light"})
        key = re.sub("[^0-9a-f]", "", self.fingerprint.lower())
        secret = "%s@%s:%d#%s" % (OPERATOR, self.env.hub_ip_for_viewer, PORT, key)
        self._write_private(os.path.join(profile, "pure-help-desk", "secrets.json"), {secret: PASSWORD})
        self.env.spawn("viewer", [self._program("pure-help-desk")], env=self._environment("viewer", profile))
        self._wait("the log-in", lambda: self._find("viewer", "Logged in"))

    def _start_helpme(self):
        profile = self._profile("host", "helpme", {"name": "Bench", "language": "En", "theme": "Light", "advice_read": True})
        hub = "%s:%d" % (self.env.hub_ip_for_host, PORT)
        self.env.spawn("host", [self._program("helpme"), "--hub", hub, "--fingerprint", self.fingerprint],
                       env=self._environment("host", profile))
        self._wait("Helpme", lambda: self._find("host", "Helpme", "Button"))

    def _ticket(self):
        """Ctrl+G makes it, Copy puts the text for the user on the clipboard."""
        self._keys(self.env.vd, "Control_L", "g")
        found = None

        def copied():
            self._click("viewer", "Copy", "Button")
            time.sleep(0.3)
            shown = subprocess.run(["xclip", "-display", self.env.viewer_display, "-selection", "clipboard", "-out"],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=10)
            return re.search(r"\b\d{3} \d{3} \d{4}\b", shown.stdout.decode(errors="replace"))

        self._wait("the ticket", lambda: self._find("viewer", "Copy", "Button"))
        found = self._wait("the ticket on the clipboard", copied)
        return found.group(0)

    def _type_ticket(self):
        self._click("host", "Ticket", "TextInput")
        time.sleep(0.5)
        for digit in self.ticket.replace(" ", ""):
            self._keys(self.env.hd, digit)
        self._wait("the button", lambda: self._usable("host", "Helpme", "Button"))
        self._click("host", "Helpme", "Button")

    # -- what is measured --------------------------------------------------------
    def connect(self):
        if not self.asked:
            self._ask()
        self._restack_covers(xlib.x11.XLowerWindow)
        self._click("host", "Allow", "Button")
        self.pressed = time.monotonic()

    def _ask(self):
        """The operator asks, and the user reads the question, which takes no press for its first half second."""
        self._choose_remote_session()
        self._restack_covers(xlib.x11.XLowerWindow)
        self._wait("the operator's question", lambda: self._usable("host", "Allow", "Button"))
        self.asked = True

    def poll_connect(self):
        """The user's part, who goes back to work."""
        if not self.asked:
            # the window manager keeps Helpme's bar in front when it comes; the cover goes over it
            if time.monotonic() - self.pressed < 3.0:
                self._restack_covers(xlib.x11.XRaiseWindow)
        elif self._find("host", "End", "Button"):
            self.asked = False
            self._restack_covers(xlib.x11.XRaiseWindow)
        elif time.monotonic() - self.pressed > 1.0:
            self._click("host", "Allow", "Button")
            self.pressed = time.monotonic()

    def after_connect(self):
        def allowed():
            self.poll_connect()
            return not self.asked

        self._wait("the user's answer", allowed)

    def _restack_covers(self, how):
        """The stage covers the whole screen while connecting; behind its cover nobody can answer a question."""
        display = self.env.hd
        for window in self._children(display, display.root):
            root, x, y = ctypes.c_ulong(), ctypes.c_int(), ctypes.c_int()
            width, height, border, depth = (ctypes.c_uint() for _ in range(4))
            xlib.x11.XGetGeometry(ctypes.c_void_p(display.d), ctypes.c_ulong(window), ctypes.byref(root), ctypes.byref(x),
                                  ctypes.byref(y), ctypes.byref(width), ctypes.byref(height), ctypes.byref(border),
                                  ctypes.byref(depth))
            if (width.value, height.value) == (display.w, display.h):
                if how is xlib.x11.XLowerWindow:
                    self._keep_picture(display, window)
                how(ctypes.c_void_p(display.d), ctypes.c_ulong(window))
        display.sync()

    @staticmethod
    def _keep_picture(display, window):
        """A cover is painted once; what lies on it for a moment would leave a hole. Its own picture as its
        background lets the server mend that."""
        x11, d, root = xlib.x11, ctypes.c_void_p(display.d), ctypes.c_ulong(display.root)
        depth = x11.XDefaultDepth(d, x11.XDefaultScreen(d))
        pixmap = ctypes.c_ulong(x11.XCreatePixmap(d, root, display.w, display.h, depth))
        context = ctypes.c_void_p(x11.XCreateGC(d, root, ctypes.c_ulong(0), None))
        include_inferiors = 1
        x11.XSetSubwindowMode(d, context, include_inferiors)
        x11.XCopyArea(d, root, pixmap, context, 0, 0, display.w, display.h, 0, 0)
        x11.XSetWindowBackgroundPixmap(d, ctypes.c_ulong(window), pixmap)
        x11.XFreeGC(d, context)
        x11.XFreePixmap(d, pixmap)

    def disconnect(self):
        def over():
            if self._find("viewer", "Remote screen"):
                self._click("viewer", "End", "Button")
                time.sleep(0.5)
                return False
            # the window says for a moment that the session is over
            if self._find("viewer", "Write the report", "Button"):
                self._click("viewer", "Write the report", "Button")
                time.sleep(0.3)
                return False
            return len((self._json(self._map_path("viewer")) or {"windows": []})["windows"]) == 1

        self._wait("the end of the session", over)
        time.sleep(0.5)
        self._ask()

    def _choose_remote_session(self):
        row = self._find("viewer", self.ticket, "ListBoxOption") or self.row
        self._press(self.env.vd, row, 3)
        self._wait("the menu", lambda: self._usable("viewer", "Remote Session", "MenuItem"))
        self._click("viewer", "Remote Session", "MenuItem")

    # -- windows, labels, hands --------------------------------------------------
    def _program(self, name):
        path = os.path.join(self.folder, name)
        if not os.path.exists(path):
            raise RuntimeError("%s is missing; cargo build --release --workspace --bins makes it" % path)
        return path

    def _profile(self, role, app, settings):
        profile = os.path.join(self.env.workdir, "profile-" + role)
        os.makedirs(os.path.join(profile, app), exist_ok=True)
        with open(os.path.join(profile, app, "settings.json"), "w") as f:
            json.dump(settings, f)
        return profile

    @staticmethod
    def _write_private(path, value):
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            json.dump(value, f)

    def _environment(self, role, profile):
        return {"PHD_PROFILE_DIR": profile, "PHD_UI_MAP": self._map_path(role), "WINIT_X11_SCALE_FACTOR": "1",
                "LIBGL_ALWAYS_SOFTWARE": "1", "LANG": "C.UTF-8", "DBUS_SESSION_BUS_ADDRESS": "disabled:"}

    def _map_path(self, role):
        return os.path.join(self.env.workdir, "ui-map-%s.json" % role)

    @staticmethod
    def _json(path):
        try:
            with open(path) as f:
                return json.load(f)
        except (OSError, ValueError):
            return None

    def _find(self, role, label, kind=None):
        """The last widget with this text in its label, and with this role if one is named."""
        found = None
        for window in (self._json(self._map_path(role)) or {"windows": []})["windows"]:
            for w in window["widgets"]:
                if (w["label"] == label or kind == "ListBoxOption" and label in w["label"]) and kind in (None, w["role"]):
                    found = dict(w, x=window["x"] + w["x"], y=window["y"] + w["y"])
        return found

    def _usable(self, role, label, kind):
        found = self._find(role, label, kind)
        return found if found and found["enabled"] else None

    def _click(self, role, label, kind):
        found = self._usable(role, label, kind)
        if found:
            self._press(self.env.vd if role == "viewer" else self.env.hd, found, 1)

    @staticmethod
    def _press(display, widget, button):
        x, y = int(widget["x"] + widget["width"] / 2), int(widget["y"] + widget["height"] / 2)
        display.pointer(x - 1, y)
        time.sleep(0.02)
        display.pointer(x, y)
        time.sleep(0.02)
        display.button(button, True)
        display.button(button, False)

    @staticmethod
    def _keys(display, *names):
        codes = [display.keycode(n) for n in names]
        for code in codes:
            display.key(code, True)
        time.sleep(0.02)
        for code in reversed(codes):
            display.key(code, False)
        time.sleep(0.02)

    @staticmethod
    def _children(display, window):
        root, up, count = ctypes.c_ulong(), ctypes.c_ulong(), ctypes.c_uint()
        below = ctypes.POINTER(ctypes.c_ulong)()
        xlib.x11.XQueryTree(ctypes.c_void_p(display.d), ctypes.c_ulong(window), ctypes.byref(root), ctypes.byref(up),
                            ctypes.byref(below), ctypes.byref(count))
        return [below[i] for i in range(count.value)]

    @staticmethod
    def _wait(what, question, seconds=PATIENCE):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            answer = question()
            if answer:
                return answer
            time.sleep(0.05)
        raise RuntimeError("%s: not within %d s" % (what, seconds))
