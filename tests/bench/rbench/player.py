"""Child process: plays one workload on the host's display.

Prints a READY line with the places of the counter strips and the regions to
judge, waits for GO on stdin, plays, prints DONE with the log of when each
counter value was on the screen, and keeps its last picture until stdin ends.
"""
import json
import random
import sys
import time
import numpy as np
from . import content, strip, xlib


class Strips:
    """Two small windows with the counter, for workloads drawn piecemeal."""

    def __init__(self, d, places):
        self.d, self.places = d, places
        self.img = d.image(strip.W, strip.H)
        self.win = [d.window(x, y, strip.W, strip.H) for x, y in places]
        for w in self.win:
            d.show(w)

    def paint(self, i, counter):
        strip.paint(self.img.arr, 0, 0, counter)
        self.d.put(self.img, self.win[i], 0, 0, 0, 0, strip.W, strip.H)
        self.d.sync()


class Base:
    hz = content.FPS

    def __init__(self, d, seconds):
        self.d, self.seconds = d, seconds
        self.log = []

    def drawn(self, c):
        self.d.sync()
        self.log.append((c, time.monotonic()))

    def times(self):
        n = int(self.seconds * self.hz)
        return [i / self.hz for i in range(n)]

    def play(self):
        t0 = time.monotonic()
        for i, t in enumerate(self.times()):
            late = time.monotonic() - t0 - t
            if late < 0:
                time.sleep(-late)
            elif late > 1.5 / self.hz and i % 2:
                continue            # the machine is overloaded: skip, never pile up
            self.frame(i + 1)
            self.drawn(i + 1)


class Typing(Base):
    """An editor: characters appear one by one, the cursor blinks."""
    active = (96, 96, 1040, 736)
    places = [(96, 80), (752, 832)]

    def __init__(self, d, seconds):
        super().__init__(d, seconds)
        x, y, w, h = self.active
        self.rgb = content.text_page(w, h, 21, 11, content.LIGHT, numbers=True)
        self.t = content.LcdText("DejaVuSansMono.ttf", 11)
        self.adv = int(round(self.t.big.getlength("m") / 3))
        self.lh = self.t.lh + 1
        self.rgb[300:300 + self.lh * 12] = content.LIGHT["bg"]
        self.win = d.window(x, y, w, h)
        self.img = d.image(w, h)
        self.img.arr[:] = content.bgrx(self.rgb)
        d.show(self.win)
        d.put(self.img, self.win, 0, 0, 0, 0, w, h)
        self.s = Strips(d, self.places)
        self.col, self.row, self.cursor = 8, 0, True
        rng = random.Random(77)
        ev, t = [], 0.2
        while t < seconds:
            ev.append((t, "c"))
            t += rng.choice((0.06, 0.08, 0.09, 0.11, 0.14, 0.16, 0.3))
        t = 0.53
        while t < seconds:
            ev.append((t, "b"))
            t += 0.53
        self.ev = sorted(ev)
        self.rng = rng
        self.colour = (30, 30, 34)
        for i in (0, 1):
            self.s.paint(i, 0)

    text = active

    def times(self):
        return [t for t, _ in self.ev]

    def cell(self, draw_cursor):
        x, y = self.col * self.adv, 300 + self.row * self.lh
        self.img.arr[y:y + self.lh, x:x + 2, :3] = (200, 80, 30) if draw_cursor else content.LIGHT["bg"][::-1]
        self.d.put(self.img, self.win, x, y, x, y, self.adv + 4, self.lh)

    def frame(self, i):
        kind = self.ev[i - 1][1]
        self.s.paint(0, i)
        if kind == "b":
            self.cursor = not self.cursor
            self.cell(self.cursor)
        else:
            self.cell(False)
            if self.rng.random() < 0.15:
                self.colour = self.rng.choice(content.LIGHT["cols"])
                self.col += 1
            else:
                x, y = self.col * self.adv, 300 + self.row * self.lh
                part = self.rgb[y:y + self.lh]
                self.t.draw(part, x, 0, self.rng.choice("abcdefghijklmnoprstuvxyz(){}=_;"), self.colour)
                self.img.arr[y:y + self.lh] = content.bgrx(part)
                self.d.put(self.img, self.win, x, y, x, y, self.adv + 4, self.lh)
                self.col += 1
            if self.col > 110:
                self.col, self.row = 8, (self.row + 1) % 12
            self.cursor = True
            self.cell(True)
        self.s.paint(1, i)


class Scroll(Base):
    """A page of dense sub-pixel rendered text scrolls in bursts of different speeds."""
    active = (64, 64, content.SCREEN[0] - 720, content.SCREEN[1] - 168)
    text = active
    speeds = (6, 21, 48, -27, 93)

    def __init__(self, d, seconds):
        super().__init__(d, seconds)
        x, y, w, h = self.active
        self.page = content.cached("scroll", lambda: content.bgrx(content.text_page(w, 9000, 31, 10)))
        self.win = d.window(x, y, w, h)
        self.img = d.image(w, h)
        self.off = 0
        d.show(self.win)
        self.places = [(x + a, y + b) for a, b in content.strip_places(w, h)]
        self.frame(0)
        d.sync()

    def times(self):
        return [t for t in super().times() if t % 3.0 < 2.5]

    def frame(self, i):
        x, y, w, h = self.active
        if i:
            v = self.speeds[int((i - 1) / (2.5 * self.hz)) % len(self.speeds)]
            self.off = (self.off + v) % (9000 - h)
        self.img.arr[:] = self.page[self.off:self.off + h]
        content.with_strips(self.img.arr, i)
        self.d.put(self.img, self.win, 0, 0, 0, 0, w, h)


class Drag(Base):
    """A window full of text is dragged about over the desktop."""
    active = (0, 16, content.SCREEN[0], content.SCREEN[1] - 32)
    places = [(0, 0), (content.SCREEN[0] - 384, content.SCREEN[1] - 16)]
    size = (content.SCREEN[0] * 5 // 12, content.SCREEN[1] * 14 // 27)

    def __init__(self, d, seconds):
        super().__init__(d, seconds)
        w, h = self.size
        self.win = d.window(200, 200, w, h)
        self.img = d.image(w, h)
        self.img.arr[:] = content.cached("drag", lambda: content.bgrx(content.text_page(w, h, 41, 10, content.DARK)))
        d.show(self.win)
        d.put(self.img, self.win, 0, 0, 0, 0, w, h)
        self.s = Strips(d, self.places)
        for i in (0, 1):
            self.s.paint(i, 0)

    def pos(self, i):
        t = i / self.hz
        k = content.SCREEN[0] / 1920
        return int(k * (560 + 520 * np.sin(t * 1.3))), int(k * (250 + 200 * np.sin(t * 2.1 + 0.4)))

    def frame(self, i):
        self.s.paint(0, i)
        x, y = self.pos(i)
        self.d.move(self.win, x, y)
        self.text = (x, y) + self.size
        self.s.paint(1, i)


class Video(Base):
    # a large one is half a gigabyte with as few
    n = 45 if content.SCREEN[0] <= 1920 else 15

    def __init__(self, d, seconds):
        super().__init__(d, seconds)
        x, y, w, h = self.active
        src = content.cached(self.name, lambda: content.video(w, h, self.n, self.seed))
        cap = content.caption() if self.full else None
        self.img = []
        for k in range(self.n):
            im = d.image(w, h)
            im.arr[:] = src[k]
            if self.full:
                im.arr[900:900 + cap.shape[0], 640:640 + cap.shape[1]] = cap
            self.img.append(im)
        self.win = d.window(x, y, w, h)
        d.show(self.win)
        self.places = [(x + a, y + b) for a, b in content.strip_places(w, h)]
        self.frame(0)
        d.sync()

    def frame(self, i):
        x, y, w, h = self.active
        k = i % (2 * self.n - 2)
        im = self.img[k if k < self.n else 2 * self.n - 2 - k]
        content.with_strips(im.arr, i)
        self.d.put(im, self.win, 0, 0, 0, 0, w, h)


class Video640(Video):
    name, active, full, seed = "video640", (320, 240, 640, 360), False, 51
    text = content.PANEL


class VideoFull(Video):
    name, active, full, seed = "videofull", (0, 0) + content.SCREEN, True, 52
    text = (640, 900) + content.CAPTION


class Photos(Base):
    """A full-screen slide show, a new picture every 2 s."""
    hz = 0.5
    active = (0, 0) + content.SCREEN
    text = (640, 900) + content.CAPTION

    def __init__(self, d, seconds):
        super().__init__(d, seconds)
        x, y, w, h = self.active
        n = int(seconds * self.hz) + 2
        self.pics = [content.cached("photo%02d" % k, lambda: content.bgrx(content.photo(w, h, 300 + k))) for k in range(n)]
        self.img = d.image(w, h)
        self.win = d.window(x, y, w, h)
        d.show(self.win)
        self.places = [(x + a, y + b) for a, b in content.strip_places(w, h)]
        self.frame(0)
        d.sync()

    def frame(self, i):
        self.img.arr[:] = self.pics[i % len(self.pics)]
        c = content.caption()
        self.img.arr[900:900 + c.shape[0], 640:640 + c.shape[1]] = c
        content.with_strips(self.img.arr, i)
        self.d.put(self.img, self.win, 0, 0, 0, 0, *content.SCREEN)


class Idle(Typing):
    """Nothing changes."""

    def __init__(self, d, seconds):
        super().__init__(d, seconds)
        self.ev = []

    def play(self):
        time.sleep(self.seconds)


WORKLOADS = dict(typing=Typing, scroll=Scroll, drag=Drag, video640=Video640, videofull=VideoFull, photos=Photos, idle=Idle)


def main():
    d = xlib.Display(sys.argv[1])
    w = WORKLOADS[sys.argv[2]](d, float(sys.argv[3]))
    d.sync()
    if sys.argv[2] == "drag":
        w.text = (200, 200) + w.size
    print("READY " + json.dumps(dict(places=[list(map(int, p)) for p in w.places], active=w.active)), flush=True)
    if sys.stdin.readline().strip() != "GO":
        return
    w.play()
    print("DONE " + json.dumps(dict(log=w.log, text=list(w.text), active=w.active)), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
