"""Motifs that stand on the ground: the sky above them stays calm, so the title can go there."""

from __future__ import annotations

from movierec.posters.motifs.dice import Dice
from movierec.posters.motifs.shapes import around, boxes, circle, dots, line, path, polygon, ring
from movierec.posters.palettes import Palette


def draw_dunes(dice: Dice, colours: Palette) -> str:
    """Draw a great sun over dunes."""
    x, y, radius = dice.between(95, 205), dice.between(112, 140), dice.between(62, 78)
    tilt = dice.pick((-1, 1))
    picture = circle(x, y, radius + 16, colours.glow, 0.18) + circle(x, y, radius, colours.glow)
    for number, (base, shade) in enumerate(((196, colours.mid), (226, colours.deep), (262, colours.night))):
        swing = tilt * (-1) ** number * dice.between(22, 40)
        picture += path(
            f"M0 {base + swing}C90 {base - swing - 14} 170 {base + swing + 20} 300 {base - swing}V470H0z",
            shade,
        )
    return picture


def draw_mesa(dice: Dice, colours: Palette) -> str:
    """Draw table mountains against a low striped sun."""
    x = dice.between(110, 190)
    picture = circle(x, 168, 84, colours.glow)
    sky = boxes((0, 150 + 20 * step, 300, 3 + 2 * step) for step in range(4))
    picture += path(sky, colours.mid, 0.75)
    left, width = dice.between(-10, 24), dice.between(74, 96)
    for start, span, top, shade in (
        (left, width, 128, colours.deep),
        (300 - width - left, width, dice.between(150, 172), colours.deep),
    ):
        foot = 262
        picture += polygon(
            (
                (start - 26, foot),
                (start, top + 42),
                (start + 6, top),
                (start + span - 6, top),
                (start + span, top + 42),
                (start + span + 26, foot),
            ),
            shade,
        )
    picture += path("M0 236Q80 222 150 236T300 232V470H0z", colours.night)
    return picture


def draw_mountains(dice: Dice, colours: Palette) -> str:
    """Draw ranges one behind the other, the highest with snow."""
    x = dice.between(70, 230)
    picture = circle(x, dice.between(70, 100), dice.between(34, 46), colours.glow)
    peak, top = 300 - x + dice.between(-15, 15), dice.between(72, 92)
    picture += polygon(((peak - 150, 290), (peak, top), (peak + 150, 290)), colours.mid)
    picture += polygon(
        (
            (peak - 41, top + 52),
            (peak, top),
            (peak + 41, top + 52),
            (peak + 20, top + 42),
            (peak + 4, top + 62),
            (peak - 18, top + 40),
        ),
        colours.paper,
    )
    for base, shade in ((216, colours.deep), (262, colours.night)):
        start = dice.between(-40, 0)
        heights = [base + (dice.between(0, 14) if step % 2 else -dice.between(22, 52)) for step in range(8)]
        crest = [(start + 52.0 * step, float(height)) for step, height in enumerate(heights)]
        picture += polygon([(-20, 470), *crest, (340, 470)], shade)
    return picture


def draw_skyline(dice: Dice, colours: Palette) -> str:
    """Draw a city at night, a few windows lit, and the moon."""
    x = dice.between(80, 220)
    picture = circle(x, dice.between(62, 84), dice.between(36, 48), colours.glow)
    for base, shade, opacity in (
        (110, colours.mid, 0.55),
        (150, colours.deep, 1.0),
        (196, colours.night, 1.0),
    ):
        towers, left = [], -dice.between(0, 20)
        while left < 300:
            width, top = dice.between(24, 44), base + dice.between(-22, 44)
            towers.append((left, top, width, 470 - top))
            if dice.roll() < 0.25:
                towers.append((left + width // 2 - 1, top - 26, 2, 26))
            left += width + (0 if dice.roll() < 0.7 else 5)
        picture += path(boxes(towers), shade, opacity)
        if base != 110:
            windows = [
                (start + 6 + 9 * column, top + 10 + 14 * row, 4, 7)
                for start, top, width, _ in towers
                for row in range(4)
                for column in range((width - 8) // 9)
                if dice.roll() < 0.24
            ]
            picture += path(boxes(windows), colours.glow, 0.9)
    return picture


def draw_hills(dice: Dice, colours: Palette) -> str:
    """Draw round hills, clouds and a rainbow."""
    x = dice.between(90, 210)
    picture = ""
    for step, shade in enumerate((colours.glow, colours.paper, colours.mid, colours.deep)):
        picture += ring(x, 212, 132 - 18 * step, shade, 18)
    for left, top in (
        (dice.between(6, 60), dice.between(46, 70)),
        (dice.between(190, 226), dice.between(90, 120)),
    ):
        picture += path(
            f"M{left} {top}a17 17 0 0 1 8-32a23 23 0 0 1 43-4a18 18 0 0 1 10 36z", colours.paper, 0.95
        )
    far, near = dice.between(-30, 90), dice.between(170, 290)
    picture += circle(far, 330, 140, colours.deep) + circle(near, 352, 142, colours.night)
    picture += path("M0 300H300V470H0z", colours.night)
    for angle in (-118, -100, -84):
        foot_x, foot_y = around(near, 352, 140, angle + dice.between(-5, 5))
        picture += line(f"M{foot_x:.0f} {foot_y:.0f}v-18", colours.paper, 4)
        picture += circle(foot_x, foot_y - 28, 15, colours.glow if angle == -100 else colours.mid)
    return picture


def draw_castle(dice: Dice, colours: Palette) -> str:
    """Draw spires before a moon."""
    x = dice.between(120, 180)
    stars = [(dice.between(8, 292), dice.between(8, 150)) for _ in range(26)]
    picture = dots(stars, colours.paper, 2.4, 0.8)
    picture += circle(x, 140, 106, colours.glow, 0.16) + circle(x, 140, 86, colours.glow)
    towers = [(x - 66, 190, 22), (x - 34, 142, 26), (x, 92, 30), (x + 36, 156, 24), (x + 66, 200, 20)]
    for left, top, width in towers:
        half = width / 2
        picture += path(boxes([(left - half, top, width, 220)]), colours.deep)
        picture += polygon(
            ((left - half - 5, top + 2), (left, top - width * 1.9), (left + half + 5, top + 2)), colours.night
        )
        picture += path(f"M{left - 3} {top + 28}v-8a3 3 0 0 1 6 0v8z", colours.glow)
    picture += path("M0 262Q70 226 150 238T300 250V470H0z", colours.night)
    return picture


def draw_sunset_sea(dice: Dice, colours: Palette) -> str:
    """Draw a sun going down and its path on the water."""
    x = dice.between(110, 190)
    picture = circle(x, 178, 104, colours.glow, 0.2) + circle(x, 178, 82, colours.glow)
    picture += path("M0 178H300V470H0z", colours.deep)
    strokes = ""
    for step in range(8):
        half = 78 - 7 * step + dice.between(-9, 9)
        strokes += f"M{x - half + dice.between(-8, 8)} {192 + 13 * step}h{2 * half}"
    picture += line(strokes, colours.glow, 5, 0.9)
    sail = x + dice.pick((-74, 70))
    picture += path(f"M{sail} 134v42h-24zM{sail + 4} 146v30h16z", colours.paper)
    return picture + path(f"M{sail - 26} 180h50l-8 10h-34z", colours.night)


def draw_horizon_grid(dice: Dice, colours: Palette) -> str:
    """Draw a striped sun over a grid that runs to the horizon."""
    x = dice.between(130, 170)
    stars = [(dice.between(6, 294), dice.between(6, 120)) for _ in range(24)]
    picture = dots(stars, colours.paper, 2, 0.8) + circle(x, 130, 86, colours.glow)
    cuts = boxes((x - 90, 120 + 18 * step, 180, 2 + 2 * step) for step in range(5))
    picture += path(cuts, colours.deep) + path("M0 196H300V470H0z", colours.night)
    lanes = "".join(f"M{x + 14 * step} 196L{x + 110 * step} 470" for step in range(-9, 10))
    rows = "".join(f"M0 {196 + 7 * step * step / 2 + 6 * step:.0f}H300" for step in range(9))
    return picture + line(lanes + rows, colours.mid, 1.6)
