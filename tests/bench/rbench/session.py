"""One product under test: X servers, links, the product's processes, measurements."""
import atexit
import datetime
import json
import os
import queue
import random
import shutil
import statistics
import subprocess
import sys
import threading
import time
import numpy as np
from . import content, net, probe, procs, stage, strip, xlib

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HOST_W, HOST_H = content.SCREEN
PRODUCT_ROLES = ("host", "relay", "viewer")


class BenchError(Exception):
    pass


def pct(v, p):
    v = sorted(v)
    return v[min(len(v) - 1, int(round(p / 100 * (len(v) - 1))))] if v else None


def summary(v, scale=1.0, nd=2):
    if not v:
        return None
    r = lambda x: round(x * scale, nd)
    return dict(n=len(v), min=r(min(v)), median=r(statistics.median(v)), p95=r(pct(v, 95)), max=r(max(v)))


class Child:
    """A helper process of the harness, talked to by lines."""

    def __init__(self, env, role, module, args, display):
        e = dict(DISPLAY=display, PYTHONPATH=HERE)
        self.p = env.procs.spawn(role, [sys.executable, "-m", "rbench." + module] + args, env=e, cwd=HERE,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, log=role + "-" + module)
        self.q = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.p.stdout:
            self.q.put((time.monotonic(), line.decode().rstrip("\n")))
        self.q.put((time.monotonic(), None))

    def line(self, timeout):
        try:
            t, s = self.q.get(timeout=timeout)
        except queue.Empty:
            raise BenchError("helper did not answer")
        if s is None:
            raise BenchError("helper ended, see its log")
        return s

    def send(self, s):
        self.p.stdin.write((s + "\n").encode())
        self.p.stdin.flush()

    def close(self):
        try:
            self.p.stdin.close()
        except OSError:
            pass
        try:
            self.p.wait(3)
        except subprocess.TimeoutExpired:
            self.p.kill()


def free_display(n):
    while os.path.exists("/tmp/.X11-unix/X%d" % n) or os.path.exists("/tmp/.X%d-lock" % n):
        n += 1
    return ":%d" % n


class Env:
    """What a driver gets: displays, addresses, and spawn()."""

    def __init__(self, workdir, shape=None):
        self.workdir = workdir
        os.makedirs(workdir, exist_ok=True)
        self.procs = procs.Procs(os.path.join(workdir, "log"))
        atexit.register(self.procs.stop_all)
        self.shape = shape
        try:
            self._start(shape)
        except BaseException:
            self.procs.stop_all()
            raise

    def _start(self, shape):
        self.net = net.Net(self.procs, shape)
        self.host_ip, self.hub_ip_for_host = net.HOST_IP, net.HUB_H
        self.viewer_ip, self.hub_ip_for_viewer = net.VIEW_IP, net.HUB_V
        self.host_display = os.environ.get("RBENCH_HOST_DISPLAY") or free_display(171)
        self.viewer_display = os.environ.get("RBENCH_VIEWER_DISPLAY") or free_display(int(self.host_display[1:]) + 1)
        vw, vh = (int(v) for v in os.environ.get("RBENCH_VIEWER_SIZE", "2560x1440").split("x"))
        self._xvfb("xhost", self.host_display, HOST_W, HOST_H)
        self._divide(int(os.environ.get("RBENCH_MONITORS", "1")))
        self._xvfb("xview", self.viewer_display, vw, vh)
        for d in (self.host_display, self.viewer_display):
            if shutil.which("openbox"):
                self.procs.spawn("wm", ["openbox", "--sm-disable"], env=dict(DISPLAY=d, HOME=self.home("wm")))
        self.hd = xlib.Display(self.host_display)
        self.vd = xlib.Display(self.viewer_display)
        self.stage = Child(self, "stage", "stage", [self.host_display], self.host_display)
        self.stage.line(120)
        time.sleep(0.5)

    def _xvfb(self, role, disp, w, h):
        n = disp.lstrip(":")
        if os.path.exists("/tmp/.X11-unix/X" + n):
            raise BenchError("display %s is in use; set RBENCH_HOST_DISPLAY / RBENCH_VIEWER_DISPLAY" % disp)
        argv = ["Xvfb", disp, "-screen", "0", "%dx%dx24" % (w, h), "-nolisten", "tcp", "-noreset", "-dpi", "96"]
        if role == "xhost":
            # an empty authority file changes nothing for local clients, but some agents look for "-auth"
            auth = os.path.join(self.workdir, "xauth")
            open(auth, "w").close()
            argv += ["-auth", auth]
        self.procs.spawn(role, argv, log=role)
        for _ in range(100):
            if os.path.exists("/tmp/.X11-unix/X" + n):
                time.sleep(0.2)
                return
            time.sleep(0.1)
        raise BenchError("X server %s did not start" % disp)

    def _divide(self, monitors):
        """The host's screen into as many monitors beside each other."""
        w = HOST_W // monitors
        for k in range(monitors if monitors > 1 else 0):
            place = "%d/%dx%d/%d+%d+0" % (w, w * 254 // 960, HOST_H, HOST_H * 254 // 960, k * w)
            made = subprocess.run(["xrandr", "--display", self.host_display, "--setmonitor", "M%d" % (k + 1), place,
                                   "none" if k else "screen"])
            if made.returncode:
                raise BenchError("no monitors by xrandr")

    def home(self, role):
        p = os.path.join(self.workdir, "home-" + role)
        os.makedirs(p, exist_ok=True)
        return p

    def spawn(self, role, argv, env=None, **kw):
        """Start a product process. role: host, relay or viewer."""
        e = dict(HOME=self.home(role), XDG_RUNTIME_DIR=self.home(role + "-run"))
        os.chmod(e["XDG_RUNTIME_DIR"], 0o700)
        if role == "host":
            e["DISPLAY"] = self.host_display
        elif role == "viewer":
            e["DISPLAY"] = self.viewer_display
        e.update(env or {})
        holder = self.net.holder["hub" if role == "relay" else role]
        return self.procs.spawn(role, argv, env=e, netns_pid=holder, **kw)

    def wait_tcp(self, role, port, timeout=30):
        """Wait until something listens on a TCP port in the role's namespace."""
        holder = self.net.holder["hub" if role == "relay" else role]
        end = time.time() + timeout
        want = ":%04X" % port
        while time.time() < end:
            for f in ("tcp", "tcp6"):
                try:
                    with open("/proc/%d/net/%s" % (holder, f)) as fh:
                        for line in fh:
                            v = line.split()
                            if len(v) > 3 and v[1].endswith(want) and v[3] == "0A":
                                return
                except OSError:
                    pass
            time.sleep(0.02)
        raise BenchError("nothing listens on port %d (%s)" % (port, role))

    def stage_cmd(self, cmd):
        self.stage.send(cmd)
        self.stage.line(20)

    def close(self):
        self.procs.stop_all()


def near(a, rgb, tol):
    b = np.array([rgb & 255, (rgb >> 8) & 255, rgb >> 16], np.int16)
    return (np.abs(a[:, :, :3].astype(np.int16) - b) <= tol).all(axis=2)


class Session:
    def __init__(self, driver_cls, workdir, shape=None, say=print):
        self.say = say
        self.env = Env(workdir, shape)
        try:
            self.driver = driver_cls(self.env)
        except BaseException:
            self.env.close()
            raise
        self.vx = self.vy = None
        self.slow = 4.0 if shape else 1.0

    def close(self):
        try:
            self.driver.stop()
        except Exception as e:
            self.say("stop: %r" % e)
        self.env.close()

    # -- finding the picture -----------------------------------------------------
    def locate(self, timeout=45):
        masks = []
        for rgb in (0xE010E0, 0x10D010):
            self.env.stage_cmd("fill %06X" % rgb)
            end = time.time() + timeout
            best = 0
            while True:
                m = near(self.env.vd.screenshot(), rgb, 40)
                best = max(best, int(m.sum()))
                if m.sum() > 0.97 * HOST_W * HOST_H:
                    break
                if time.time() > end:
                    raise BenchError("the host's picture was not found on the viewer's screen at 1:1 (best %d of %d pixels)"
                                     % (best, HOST_W * HOST_H))
                time.sleep(0.1)
            masks.append(m)
        m = masks[0] & masks[1]
        rows, cols = m.sum(axis=1), m.sum(axis=0)
        ys, xs = np.where(rows > HOST_W * 0.5)[0], np.where(cols > HOST_H * 0.5)[0]
        x, y, w, h = int(xs[0]), int(ys[0]), int(xs[-1] - xs[0] + 1), int(ys[-1] - ys[0] + 1)
        self.env.stage_cmd("desk")
        if abs(w - HOST_W) > 2 or abs(h - HOST_H) > 2:
            raise BenchError("the picture is %dx%d at %d,%d, not 1:1" % (w, h, x, y))
        self.vx, self.vy = x, y
        # the edge may be soft or covered: settle the last pixel with a mosaic
        self.env.stage_cmd("mosaic 4242")
        time.sleep(1.5 * self.slow)
        want = self.env.hd.screenshot().astype(np.int16)
        best = None
        for dy in (0, -1, 1, -2, 2):
            for dx in (0, -1, 1, -2, 2):
                xx, yy = x + dx, y + dy
                if xx < 0 or yy < 0 or xx + HOST_W > self.env.vd.w or yy + HOST_H > self.env.vd.h:
                    continue
                got = self.env.vd.screenshot(xx, yy, HOST_W, HOST_H)[::3, ::3].astype(np.int16)
                e = np.abs(got - want[::3, ::3]).mean()
                if best is None or e < best[0]:
                    best = (e, xx, yy)
        self.vx, self.vy = best[1], best[2]
        self.env.stage_cmd("desk")
        self.say("  picture found at %d,%d (mean error %.2f)" % (self.vx, self.vy, best[0]))

    # -- connecting --------------------------------------------------------------
    def _cells(self, shot, want):
        g, w = shot[20::40, 20::40].astype(np.int16), want[20::40, 20::40].astype(np.int16)
        ok = (np.abs(g - w) <= 60).all(axis=2)
        coloured = (w.max(axis=2) > 128) & (w.min(axis=2) < 128)
        return ok, coloured

    def connect_time(self, n=3, pattern="mosaic"):
        """pattern: "mosaic" (flat colours, cheap to send) or "marks" (a photo-like desktop)."""
        first, full = [], []
        for k in range(n):
            self.driver.disconnect()
            self.env.stage_cmd("%s %d" % (pattern, 900 + k))
            time.sleep(2.0)
            want = self.env.hd.screenshot()
            img = self.env.vd.image(HOST_W, HOST_H)
            ok, col = self._cells(self.env.vd.grab(img, self.vx, self.vy)[:, :, :3], want)
            if (ok & col).sum() > 0.2 * col.sum():
                raise BenchError("the picture is on the viewer's screen although disconnected")
            base = (ok & col).sum()
            t0 = time.monotonic()
            self.driver.connect()
            tf = ta = None
            while time.monotonic() - t0 < 60:
                ok, col = self._cells(self.env.vd.grab(img, self.vx, self.vy)[:, :, :3], want)
                t = time.monotonic() - t0
                if tf is None and (ok & col).sum() > base + 0.02 * col.sum():
                    tf = t
                if ok.mean() > 0.995:
                    ta = t
                    break
                self.driver.poll_connect()
                time.sleep(0.01)
            img.free()
            if ta is None:
                self.driver.after_connect()
                self.locate()
                continue
            first.append(tf)
            full.append(ta)
            self.driver.after_connect()
            time.sleep(1)
        self.env.stage_cmd("desk")
        return dict(first_pixel_s=summary(first, 1, 3), full_picture_s=summary(full, 1, 3))

    # -- input latency -----------------------------------------------------------
    def _flip(self, disp, img, x, y, want, inject, release, timeout):
        a = np.array([want & 255, (want >> 8) & 255, want >> 16], np.float32)
        other = probe.A if want == probe.B else probe.B
        b = np.array([other & 255, (other >> 8) & 255, other >> 16], np.float32)
        t0 = time.monotonic()
        inject()
        released = False
        while True:
            v = disp.grab(img, x, y)[:, :, :3].reshape(-1, 3).mean(axis=0)
            t = time.monotonic()
            hit = np.abs(v - a).sum() < np.abs(v - b).sum()
            if not released and (hit or t - t0 > 0.03):
                release()
                released = True
            if hit:
                return t0, t
            if t - t0 > timeout:
                return t0, None
            time.sleep(0.0003)

    def latency(self, n=100, local=False, seed=1, busy=None):
        """busy: the name of a workload to play meanwhile."""
        env = self.env
        pl = None
        if busy:
            pl = Child(env, "load", "player", [env.host_display, busy, str(n * 2 * 1.2 * self.slow + 10)], env.host_display)
            pl.line(180)
            pl.send("GO")
            time.sleep(2.0 * self.slow)
        disp, ox, oy = (env.hd, 0, 0) if local else (env.vd, self.vx, self.vy)
        pr = Child(env, "load", "probe", [env.host_display], env.host_display)
        pr.line(20)
        cx, cy = ox + probe.X + probe.SIZE // 2, oy + probe.Y + probe.SIZE // 2
        img = disp.image(16, 16)
        rng = random.Random(seed)
        code = disp.keycode("a")
        out, lost = {}, {}
        state = 0
        time.sleep(2.0 * self.slow)
        disp.pointer(cx - 5, cy - 5)
        time.sleep(0.3)
        disp.pointer(cx, cy)
        time.sleep(0.5)

        def drain(wait=0.0):
            ev = []
            end = time.monotonic() + wait
            while True:
                try:
                    _, s = pr.q.get(timeout=max(0.0, end - time.monotonic()) if wait else 0)
                except (queue.Empty, ValueError):
                    return ev
                if s and s.startswith("E "):
                    ev.append((float(s.split()[1]), int(s.split()[2])))

        # the first click gives the viewer the keyboard focus
        disp.button(1, True); time.sleep(0.05); disp.button(1, False)
        ev = drain(2.0 * self.slow)
        if not ev:
            disp.button(1, True); time.sleep(0.05); disp.button(1, False)
            ev = drain(2.0 * self.slow)
        if ev:
            state = ev[-1][1]
        for kind in ("key", "click"):
            total, inp, back, missed = [], [], [], 0
            for i in range(n):
                time.sleep(rng.uniform(0.12, 0.32))
                drain()
                want = probe.A if state else probe.B
                if kind == "key":
                    inj, rel = (lambda: disp.key(code, True)), (lambda: disp.key(code, False))
                else:
                    inj, rel = (lambda: disp.button(1, True)), (lambda: disp.button(1, False))
                t0, t = self._flip(disp, img, cx - 8, cy - 8, want, inj, rel, 4.0 * (2 if env.shape else 1))
                e = drain(0.02)
                if t is None:
                    missed += 1
                    e += drain(1.0)
                    if e:
                        state = e[-1][1]
                    if missed >= 8 and missed > i * 0.7:
                        break
                    continue
                state ^= 1
                total.append(t - t0)
                if len(e) == 1:
                    inp.append(e[0][0] - t0)
                    back.append(t - e[0][0])
            out[kind] = dict(total_ms=summary(total, 1e3), input_ms=summary(inp, 1e3), picture_ms=summary(back, 1e3), missed=missed)
        img.free()
        pr.close()
        if pl:
            env.procs.stop_pids([pl.p.pid], 1.0)
        disp.pointer(ox + 1900, oy + 1060) if local else disp.pointer(min(env.vd.w - 1, self.vx + 1900), self.vy + 1060)
        return out

    # -- workloads ---------------------------------------------------------------
    def workload(self, name, seconds, settle=3.0):
        env = self.env
        pl = Child(env, "load", "player", [env.host_display, name, str(seconds)], env.host_display)
        ready = pl.line(180)
        info = json.loads(ready[6:])
        (ax, ay), (bx, by) = info["places"]
        ra, rb = env.vd.image(strip.W, 1), env.vd.image(strip.W, 1)
        blind = self.vx is None

        def look():
            a = strip.decode(env.vd.grab(ra, self.vx + ax, self.vy + ay + 8)[0])
            b = strip.decode(env.vd.grab(rb, self.vx + bx, self.vy + by + 8)[0])
            return a, b

        # let the first picture arrive and the link fall quiet
        end = time.time() + (40 if env.shape else 15)
        time.sleep(1.0)
        synced = blind
        last = env.net.counters()["host_up"]
        while time.time() < end:
            time.sleep(0.5)
            now = env.net.counters()["host_up"]
            quiet = now - last < 4000
            last = now
            if not synced:
                synced = look() == (0, 0)
            if synced and quiet:
                break
        time.sleep(0.5)
        p = env.procs
        n0, c0, b0 = env.net.counters(), p.cpu_by_role(), procs.busy_seconds()
        p.reset_peak()
        load0 = os.getloadavg()[0]
        samples = []
        done = None
        pl.send("GO")
        t0 = time.monotonic()
        deadline = t0 + seconds * 2 + 10
        prev = (None, None)
        marks = None
        t_end = None
        while True:
            t = time.monotonic()
            if not blind:
                v = look()
                t = time.monotonic()
                if None not in v:
                    samples.append((t, min(v)))
            if done is None:
                try:
                    s = pl.q.get_nowait()[1]
                    if s is None:
                        raise BenchError("player ended early")
                    if s.startswith("DONE "):
                        done = json.loads(s[5:])
                        t_end = time.monotonic()
                        marks = (env.net.counters(), p.cpu_by_role(), procs.busy_seconds())
                except queue.Empty:
                    pass
                if t > deadline:
                    raise BenchError("player hangs")
            elif t > t_end + settle:
                break
            time.sleep(0.003)
        n2, c2 = env.net.counters(), p.cpu_by_role()
        n1, c1, b1 = marks
        with p.lock:
            peak = dict(p.peak)
        pss = p.pss_by_role()
        wall = t_end - t0
        dc = {r: round(c1.get(r, 0) - c0.get(r, 0), 2) for r in c1}
        ds = {r: round(c2.get(r, 0) - c1.get(r, 0), 2) for r in c2}
        ours = sum(dc.values())
        out = dict(
            wall_s=round(wall, 2), synced_at_start=synced, frames_drawn=len(done["log"]),
            bytes={k: n1[k] - n0[k] for k in n1}, bytes_settle={k: n2[k] - n1[k] for k in n2},
            cpu_s={r: dc.get(r, 0) for r in PRODUCT_ROLES}, cpu_settle_s={r: ds.get(r, 0) for r in PRODUCT_ROLES},
            cpu_x_s=dict(host_x=dc.get("xhost", 0), viewer_x=dc.get("xview", 0)),
            cpu_harness_s={r: dc.get(r, 0) for r in ("load", "stage", "harness", "shaper", "wm")},
            other_cpu_s=round(max(0.0, b1 - b0 - ours), 2), loadavg=load0,
            peak_rss={r: peak.get(r, 0) for r in PRODUCT_ROLES}, pss={r: pss.get(r, 0) for r in PRODUCT_ROLES})
        if not blind:
            out["updates"] = self._updates(done["log"], samples, t0, t_end)
            out["fidelity"] = self._fidelity(done)
        pl.close()
        for im in (ra, rb):
            im.free()
        time.sleep(0.5)
        return out

    @staticmethod
    def _updates(log, samples, t0, t_end):
        if not log:
            return None
        drawn = dict(log)
        order = [c for c, _ in log]
        times = np.array([t for _, t in log])
        top = order[-1]
        seen = {}
        for t, v in samples:
            if v in drawn and v not in seen:
                seen[v] = t
        lat = [max(0.0, t - drawn[c]) for c, t in seen.items() if t <= t_end + 3]
        carr = np.array(order)
        stale = []
        grid = np.arange(t0 + 0.1, t_end, 0.005)
        st = np.array([t for t, _ in samples]) if samples else np.array([])
        sv = [v for _, v in samples]
        for g in grid:
            i = int(np.searchsorted(st, g, side="right")) - 1
            v = sv[i] if i >= 0 else 0
            k = int(np.searchsorted(carr, v, side="right"))
            stale.append(max(0.0, g - times[k]) if k < len(carr) and times[k] <= g else 0.0)
        in_play = [c for c, t in seen.items() if t <= t_end]
        span = times[-1] - t0
        last = next((t for t, v in samples if v == top), None)
        return dict(distinct_shown=len(in_play), per_second=round(len(in_play) / span, 2), drawn_per_second=round(len(log) / span, 2),
                    latency_ms=summary(lat, 1e3, 1), stale_ms=summary(stale, 1e3, 1),
                    catch_up_ms=None if last is None else round(max(0.0, last - times[-1]) * 1e3, 1))

    def _fidelity(self, done):
        h = self.env.hd.screenshot()
        v = self.env.vd.screenshot(self.vx, self.vy, HOST_W, HOST_H)
        out = {}
        for key, r in (("whole", (0, 0, HOST_W, HOST_H)), ("active", done["active"]), ("text", done["text"])):
            x, y, w, hh = (int(q) for q in r)
            x, y = max(0, x), max(0, y)
            out[key] = compare(h[y:y + hh, x:x + w], v[y:y + hh, x:x + w])
        return out


def compare(a, b):
    a, b = a.astype(np.float32), b.astype(np.float32)
    exact = float((a == b).all(axis=2).mean())

    def ycc(p):
        bl, g, r = p[:, :, 0], p[:, :, 1], p[:, :, 2]
        return 0.299 * r + 0.587 * g + 0.114 * bl, -0.168736 * r - 0.331264 * g + 0.5 * bl, 0.5 * r - 0.418688 * g - 0.081312 * bl

    ya, ua, va = ycc(a)
    yb, ub, vb = ycc(b)

    def psnr(e):
        return 99.0 if e < 1e-9 else round(float(min(99.0, 10 * np.log10(255 * 255 / e))), 2)

    return dict(psnr_y=psnr(((ya - yb) ** 2).mean()),
                psnr_c=psnr((((ua - ub) ** 2).mean() + ((va - vb) ** 2).mean()) / 2), exact=round(exact, 5))


def machine():
    model = ""
    try:
        for line in open("/proc/cpuinfo"):
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    return dict(date=datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), kernel=os.uname().release,
                cpus=os.cpu_count(), cpu=model, nice=os.nice(0), loadavg=os.getloadavg()[0])
