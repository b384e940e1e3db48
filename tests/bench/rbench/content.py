"""Deterministic test pictures: text pages, photo-like images, video frames.

Everything is made from seeds with numpy and Pillow. Images are (h, w, 4)
uint8 arrays in B G R X order, ready for the X server.
"""
import os
import random
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from . import strip

FONT_DIR = os.environ.get("RBENCH_FONTS", "/usr/share/fonts/truetype/dejavu")
# pixels and states a second of the host's screen; `bench.py --screen --fps` set them, for its child processes too
SCREEN = tuple(int(v) for v in os.environ.get("RBENCH_SCREEN", "1920x1080").split("x"))
FPS = float(os.environ.get("RBENCH_FPS", "30"))
CACHE = os.environ.get("RBENCH_CACHE", os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".cache"))

SYL = "ka lo mi ter an do ven sha qui po re ni gal us er ith or bel tan du zo pri ment al is con de".split()


def font(name, size):
    return ImageFont.truetype(os.path.join(FONT_DIR, name), size)


def bgrx(rgb):
    out = np.zeros(rgb.shape[:2] + (4,), np.uint8)
    out[:, :, 0], out[:, :, 1], out[:, :, 2] = rgb[:, :, 2], rgb[:, :, 1], rgb[:, :, 0]
    return out


class LcdText:
    """Draws text with sub-pixel (RGB stripe) anti-aliasing, as desktops do."""

    def __init__(self, face, size):
        self.big = font(face, size * 3)
        self.size = size
        asc, desc = self.big.getmetrics()
        self.lh = -(-(asc + desc) // 3)
        self.cache = {}

    def mask(self, s):
        m = self.cache.get(s)
        if m is None:
            w3 = int(self.big.getlength(s)) + 12
            w3 += -w3 % 3
            im = Image.new("L", (w3 + 6, self.lh * 3))
            ImageDraw.Draw(im).text((3, 0), s, font=self.big, fill=255)
            a = np.asarray(im, np.float32).reshape(self.lh, 3, -1).mean(axis=1)
            f = np.zeros_like(a)
            for k, c in ((-2, 1), (-1, 2), (0, 3), (1, 2), (2, 1)):
                f += np.roll(a, k, axis=1) * (c / 9.0)
            n = f.shape[1] // 3
            m = np.minimum(1, np.stack([f[:, 0:3 * n:3], f[:, 1:3 * n:3], f[:, 2:3 * n:3]], axis=2) / 255.0 * 1.15)
            self.cache[s] = m
        return m

    def draw(self, rgb, x, y, s, colour):
        """Blend onto an (h, w, 3) uint8 array; returns the advance in pixels."""
        m = self.mask(s)
        h, w = m.shape[:2]
        x0, y0 = max(0, x), max(0, y)
        x1, y1 = min(rgb.shape[1], x + w), min(rgb.shape[0], y + h)
        if x1 > x0 and y1 > y0:
            mm = m[y0 - y:y1 - y, x0 - x:x1 - x]
            bg = rgb[y0:y1, x0:x1].astype(np.float32)
            rgb[y0:y1, x0:x1] = (bg + (np.array(colour, np.float32) - bg) * mm + 0.5).astype(np.uint8)
        return int(round(self.big.getlength(s) / 3))


def word(rng):
    return "".join(rng.choice(SYL) for _ in range(rng.randint(1, 4)))


LIGHT = dict(bg=(252, 252, 250), fg=(30, 30, 34), cols=[(30, 30, 34)] * 4 + [(170, 13, 145), (28, 0, 207), (196, 26, 22), (0, 116, 0), (92, 38, 153)])
DARK = dict(bg=(30, 30, 46), fg=(205, 214, 244), cols=[(205, 214, 244)] * 4 + [(243, 139, 168), (166, 227, 161), (137, 180, 250), (249, 226, 175), (203, 166, 247)])


def text_page(w, h, seed, size=11, theme=LIGHT, face="DejaVuSansMono.ttf", margin=8, numbers=False):
    rng = random.Random(seed)
    rgb = np.empty((h, w, 3), np.uint8)
    rgb[:] = theme["bg"]
    t = LcdText(face, size)
    space = int(round(t.big.getlength(" ") / 3)) or 3
    y, n = margin, 1
    while y + t.lh <= h - 2:
        x = margin
        if numbers:
            t.draw(rgb, x, y, "%4d" % n, (140, 140, 150))
            x += space * 6
        n += 1
        x += space * rng.choice((0, 0, 2, 4, 4, 8))
        limit = w - margin if rng.random() < 0.6 else int(w * rng.uniform(0.2, 0.9))
        if rng.random() > 0.06:
            while x < limit - 40:
                s = word(rng)
                r = rng.random()
                if r < 0.08:
                    s = str(rng.randint(0, 99999))
                elif r < 0.18:
                    s += rng.choice(["();", " =", ",", ".", ":", " {", " ->", " ||"])
                x += t.draw(rgb, x, y, s, rng.choice(theme["cols"])) + space
        y += t.lh + 1
    return rgb


def spectrum(w, h, seed, power):
    """Noise with a 1/f^power amplitude spectrum (natural images: about 1)."""
    r = np.random.default_rng(seed)
    fy = np.fft.fftfreq(h)[:, None] * h
    fx = np.fft.rfftfreq(w)[None, :] * w
    f = np.sqrt(fx * fx + (fy * w / h) ** 2)
    f[0, 0] = 1e9
    ph = r.random((h, w // 2 + 1)) * 2 * np.pi
    a = np.fft.irfft2(np.exp(1j * ph) / f ** power, s=(h, w))
    a -= a.mean()
    return (a / a.std()).astype(np.float32)


def photo(w, h, seed, detail=1.15):
    """A photo-like picture: 1/f luma and chroma, some sharp-edged objects."""
    rng = np.random.default_rng(seed)
    y = spectrum(w, h, seed * 7 + 1, detail) * 44 + 122
    cb = spectrum(w, h, seed * 7 + 2, 1.45) * 20
    cr = spectrum(w, h, seed * 7 + 3, 1.45) * 20
    rgb = np.stack([y + 1.402 * cr, y - 0.344 * cb - 0.714 * cr, y + 1.772 * cb], axis=2)
    im = Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8))
    d = ImageDraw.Draw(im, "RGBA")
    for _ in range(14):
        cx, cy = rng.integers(0, w), rng.integers(0, h)
        r = rng.integers(20, max(24, h // 5))
        col = tuple(int(c) for c in rng.integers(10, 245, 3)) + (int(rng.integers(120, 235)),)
        k = rng.integers(0, 3)
        if k == 0:
            d.ellipse([cx - r, cy - r * 0.7, cx + r, cy + r * 0.7], fill=col)
        elif k == 1:
            d.rectangle([cx - r, cy - r // 3, cx + r, cy + r // 3], fill=col)
        else:
            n = rng.integers(3, 8)
            a = np.sort(rng.random(n)) * 2 * np.pi
            d.polygon([(cx + r * np.cos(t), cy + r * np.sin(t)) for t in a], fill=col)
    return np.asarray(im).copy()


def video(w, h, n, seed):
    """n frames (h, w, 4): zoom/pan/rotate over a photo, moving objects, light changes."""
    src = Image.fromarray(photo(int(w * 1.5), int(h * 1.5), seed, 1.25))
    rng = np.random.default_rng(seed + 99)
    sp = []
    for i in range(6):
        s = int(h * rng.uniform(0.12, 0.32))
        tex = photo(s, s, seed + 200 + i, 1.1)
        yy, xx = np.mgrid[0:s, 0:s].astype(np.float32) / s - 0.5
        m = np.clip((0.48 - np.sqrt(xx * xx + yy * yy)) * s / 3, 0, 1)
        sp.append((s, tex.astype(np.float32), m[:, :, None].astype(np.float32), rng.uniform(0, 6.28), rng.uniform(0.6, 2.2), rng.uniform(0.1, 0.9)))
    out = np.zeros((n, h, w, 4), np.uint8)
    for k in range(n):
        u = k / 30.0
        ang, z = 0.05 * np.sin(u * 0.9), 1.0 + 0.08 * np.sin(u * 0.7)
        ca, sa = np.cos(ang) * z, np.sin(ang) * z
        cx, cy = w * 0.75 + 0.16 * w * np.sin(u * 0.55), h * 0.75 + 0.13 * h * np.cos(u * 0.8)
        mat = (ca, -sa, cx - ca * w / 2 + sa * h / 2, sa, ca, cy - sa * w / 2 - ca * h / 2)
        f = np.asarray(src.transform((w, h), Image.AFFINE, mat, Image.BILINEAR)).astype(np.float32)
        f *= 1.0 + 0.06 * np.sin(u * 2.1)
        for s, tex, m, p, v, yy in sp:
            x = int((w + s) * ((np.sin(u * v * 0.5 + p) + 1) / 2)) - s
            y = int(h * yy + h * 0.1 * np.sin(u * v + p)) - s // 2
            x0, y0, x1, y1 = max(0, x), max(0, y), min(w, x + s), min(h, y + s)
            if x1 > x0 and y1 > y0:
                a, b = slice(y0 - y, y1 - y), slice(x0 - x, x1 - x)
                bg = f[y0:y1, x0:x1]
                f[y0:y1, x0:x1] = bg + (tex[a, b] - bg) * m[a, b]
        out[k] = bgrx(np.clip(f, 0, 255).astype(np.uint8))
    return out


def cached(name, make):
    """An array kept on disk between runs."""
    os.makedirs(CACHE, exist_ok=True)
    if SCREEN != (1920, 1080):
        name += "-%dx%d" % SCREEN
    p = os.path.join(CACHE, name + ".npy")
    if not os.path.exists(p):
        a = make()
        tmp = p + ".%d.tmp.npy" % os.getpid()
        np.save(tmp, a)
        os.replace(tmp, p)
    return np.load(p, mmap_mode="r")


PANEL = (1240, 800, 640, 240)      # static small coloured text on the host's desktop
CAPTION = (640, 112)               # the same inside full-screen pictures


def panel():
    return cached("panel", lambda: bgrx(text_page(PANEL[2], PANEL[3], 5, 9, DARK)))


def caption():
    return cached("caption", lambda: bgrx(text_page(CAPTION[0], CAPTION[1], 6, 10, LIGHT, "DejaVuSans.ttf")))


def wallpaper(w=SCREEN[0], h=SCREEN[1]):
    def make():
        a = photo(w, h, 3, 1.6).astype(np.float32)
        g = np.linspace(0.75, 1.1, h)[:, None, None]
        return bgrx(np.clip(a * 0.55 * g + 60, 0, 255).astype(np.uint8))
    return cached("wallpaper", make)


def with_strips(arr, counter):
    """Paint the counter top-left and bottom-right of the array."""
    h, w = arr.shape[:2]
    strip.paint(arr, 0, 0, counter)
    strip.paint(arr, (w - strip.W) // 16 * 16, (h - strip.H) // 16 * 16, counter)


def strip_places(w, h):
    return [(0, 0), ((w - strip.W) // 16 * 16, (h - strip.H) // 16 * 16)]
