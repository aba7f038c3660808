"""Motifs that hint at a scene: a light, a figure, something looking back."""

from __future__ import annotations

from movierec.posters.motifs.dice import Dice
from movierec.posters.motifs.shapes import around, boxes, circle, line, path, person, plane, polygon, ring
from movierec.posters.palettes import Palette


def draw_arches(dice: Dice, colours: Palette) -> str:
    """Draw arches within arches and someone small in the last one."""
    x = dice.between(130, 170)
    shades = (colours.deep, colours.mid, colours.deep, colours.glow)
    picture = ""
    for step, shade in enumerate(shades):
        half, top = 128 - 28 * step, 30 + 40 * step
        picture += path(f"M{x - half} 470V{top + half}a{half} {half} 0 0 1 {2 * half} 0V470z", shade)
    return (
        picture
        + path("M0 284H300V470H0z", colours.night)
        + person(x + dice.pick((-10, 0, 12)), 288, 70, colours.night)
    )


def draw_window_light(dice: Dice, colours: Palette) -> str:
    """Draw light that falls from a window across a room onto a figure."""
    left, far = dice.between(56, 84), dice.between(186, 214)
    panes = boxes((left + 36 * column, 14 + 46 * row, 31, 41) for column in range(2) for row in range(3))
    beam = ((left, 14), (left + 67, 14), (far + 66, 252), (far - 66, 252))
    picture = polygon(beam, colours.glow, 0.28) + path(panes, colours.glow)
    picture += path("M-10 252H310V470H-10z", colours.night)
    picture += polygon(
        ((far - 66, 252), (far + 66, 252), (far + 84, 274), (far - 62, 274)), colours.glow, 0.5
    )
    return picture + person(far, 265, 100, colours.night)


def draw_doorway(dice: Dice, colours: Palette) -> str:
    """Draw a door ajar and the light behind it."""
    x, height = dice.between(110, 170), dice.between(168, 190)
    top = 256 - height
    picture = polygon(((x, 256), (x + 66, 256), (x + 150, 454), (x - 120, 454)), colours.glow, 0.35)
    picture += path(boxes([(x - 8, top - 8, 82, height + 8)]), colours.deep)
    picture += path(boxes([(x, top, 66, height)]), colours.glow)
    picture += polygon(((x, top), (x - 40, top + 20), (x - 40, 280), (x, 256)), colours.mid)
    picture += circle(x - 32, (top + 284) / 2, 4, colours.glow)
    return picture + person(x + 40, 262, 84, colours.night)


def draw_keyhole(dice: Dice, colours: Palette) -> str:
    """Draw light through a keyhole, and an eye that may be there."""
    x = dice.between(136, 164)
    rays = "".join(
        f"M{x} 120L{a:.0f} {b:.0f}L{c:.0f} {d:.0f}z"
        for step in range(9)
        for (a, b), (c, d) in [(around(x, 120, 330, 40 * step + 6), around(x, 120, 330, 40 * step + 20))]
    )
    picture = path(rays, colours.mid, 0.35) + circle(x, 146, 128, colours.deep)
    hole = f"M{x - 26} 150L{x - 50} 258H{x + 50}L{x + 26} 150z"
    picture += (
        ring(x, 146, 128, colours.glow, 3) + circle(x, 116, 52, colours.glow) + path(hole, colours.glow)
    )
    return picture + person(x, 260, 78, colours.night)


def draw_blinds(dice: Dice, colours: Palette) -> str:
    """Draw slats of light over someone in a hat."""
    lean = dice.pick((-12, -8, 8, 12))
    x = dice.between(120, 180)
    slats = boxes((-60, -20 + 27 * step, 420, 14) for step in range(15))
    picture = f'<g transform="rotate({lean} 150 150)">{path(slats, colours.glow, 0.85)}</g>'
    hat = f"M{x - 68} 140q10-10 30-12q4-46 20-50q18-4 36 0q16 4 20 50q20 2 30 12q-68 18-136 0z"
    head = f"M{x - 33} 138h66v24q0 40-33 40t-33-40z"
    left = f"M{x - 18} 190L{x - 92} 226Q{x - 112} 240 {x - 118} 300V470"
    coat = f"{left}H{x + 118}V300Q{x + 112} 240 {x + 92} 226L{x + 18} 190z"
    return picture + path(hat + head + coat, colours.night)


def draw_street_lamp(dice: Dice, colours: Palette) -> str:
    """Draw a cone of light on an empty pavement, and a figure just inside it."""
    x = dice.between(90, 130)
    picture = polygon(((x + 50, 74), (x + 66, 74), (x + 156, 286), (x - 40, 286)), colours.glow, 0.35)
    picture += path(f"M{x - 40} 286a98 18 0 0 0 196 0a98 18 0 0 0-196 0z", colours.glow, 0.8)
    picture += line(f"M{x} 290V76q0-20 22-20h24", colours.night, 6) + path(
        f"M{x + 40} 52h36l8 24h-52z", colours.night
    )
    picture += circle(x + 58, 78, 7, colours.paper)
    figure = x + dice.between(62, 104)
    shadow = polygon(
        ((figure - 10, 288), (figure + 10, 288), (figure + 84, 320), (figure + 40, 324)), colours.night, 0.6
    )
    return picture + shadow + person(figure, 292, 96, colours.night)


def draw_bars(dice: Dice, colours: Palette) -> str:
    """Draw tall bars with one figure behind them, in a spotlight."""
    x = dice.between(110, 190)
    picture = circle(x, 150, 112, colours.glow) + person(x, 268, 176, colours.night)
    columns = boxes((8 + 42 * step, -10, 12, 330) for step in range(7))
    return (
        picture
        + path(columns, colours.deep)
        + path(boxes([(-10, 40, 320, 10), (-10, 240, 320, 10)]), colours.deep)
    )


def draw_searchlights(dice: Dice, colours: Palette) -> str:
    """Draw beams crossing over a dark horizon."""
    picture = ""
    leans = dice.between(80, 180), dice.between(-80, 80), -dice.between(80, 180)
    for foot, lean in zip((40, 150, 262), leans, strict=True):
        top = ((foot + lean + 62, -150), (foot + lean - 62, -150))
        picture += polygon(((foot - 3, 270), (foot + 3, 270), *top), colours.glow, 0.36)
    x, y = dice.between(90, 200), dice.between(70, 120)
    for across, down in ((-34, 24), (0, 0), (34, 24)):
        picture += plane(x + across, y + down, colours.paper)
    ridge = [(-10.0, 470.0)]
    ridge += [(30.0 * step, 262.0 + dice.between(-18, 12)) for step in range(11)]
    return picture + polygon([*ridge, (310, 470)], colours.night)


def draw_formation(dice: Dice, colours: Palette) -> str:
    """Draw planes climbing out of a low sun, their trails behind them."""
    sun = dice.between(70, 120)
    picture = circle(sun, 216, 104, colours.glow, 0.22) + circle(sun, 216, 80, colours.glow)
    for across, down in ((0, 0), (-58, 6), (8, 62), (-118, 14), (16, 126))[: dice.pick((3, 4, 5))]:
        x, y = 232 + across + dice.between(-5, 5), 50 + down + dice.between(-4, 4)
        trail = ((x - 4, y - 4), (x + 4, y + 4), (x - 190, y + 190))
        picture += polygon(trail, colours.paper, 0.5) + plane(x, y, colours.paper, 45, 1.35)
    ridge = [(30.0 * step, 258.0 + dice.between(-16, 14)) for step in range(11)]
    return picture + polygon([(-10, 470), *ridge, (310, 470)], colours.night)


def draw_claws(dice: Dice, colours: Palette) -> str:
    """Draw four cuts through the picture."""
    x = dice.between(60, 76)
    picture = circle(150, 150, 134, colours.mid, 0.55)
    for step in range(4):
        top, low = dice.between(14, 44) + 10 * abs(step - 1), dice.between(262, 300) - 8 * abs(step - 2)
        left, middle = x + 46 * step, (top + low) // 2
        cut = f"M{left} {top}Q{left + 28} {middle} {left - 8} {low}Q{left + 6} {middle} {left} {top}z"
        picture += path(cut, colours.glow)
        picture += line(f"M{left - 8} {low}v{dice.between(12, 34)}", colours.glow, 3)
    return f'<g transform="rotate(14 150 150)">{picture}</g>'


def draw_eye(dice: Dice, colours: Palette) -> str:
    """Draw an eye, wide open."""
    y, slit = dice.between(140, 158), dice.roll() < 0.5
    picture = "".join(
        f"M{a:.0f} {b:.0f}L{c:.0f} {d:.0f}L{e:.0f} {f:.0f}z"
        for step in range(18)
        for (a, b), (c, d), (e, f) in [
            (
                around(150, y, 100, 20 * step),
                around(150, y, 136 + dice.between(0, 34), 20 * step + 7),
                around(150, y, 100, 20 * step + 12),
            )
        ]
    )
    picture = path(picture, colours.mid)
    picture += path(f"M14 {y}Q150 {y - 150} 286 {y}Q150 {y + 150} 14 {y}z", colours.paper)
    picture += circle(150, y, 62, colours.mid) + circle(150, y, 48, colours.glow)
    pupil = f"M150 {y - 46}Q170 {y} 150 {y + 46}Q130 {y} 150 {y - 46}z"
    picture += path(pupil, colours.night) if slit else circle(150, y, 25, colours.night)
    return picture + circle(170, y - 20, 8, colours.paper)


def draw_teeth(dice: Dice, colours: Palette) -> str:
    """Draw jaws closing on two small lights."""
    upper: list[tuple[float, float]] = [(-10, -10)]
    lower: list[tuple[float, float]] = [(-10, 470)]
    for step in range(9):
        x = 37.5 * step
        upper.append((x, 96 + dice.between(-12, 12) if step % 2 else 26))
        lower.append((x + 6, 214 + dice.between(-14, 14) if step % 2 == 0 else 284))
    picture = circle(150, 150, 118, colours.mid, 0.5)
    eyes, gap = dice.between(146, 160), dice.between(20, 28)
    picture += path(
        f"M{150 - gap} {eyes}l-34-16q4 26 34 16zM{150 + gap} {eyes}l34-16q-4 26-34 16z", colours.glow
    )
    return (
        picture + polygon([*upper, (310, -10)], colours.night) + polygon([*lower, (310, 470)], colours.night)
    )


def draw_balloons(dice: Dice, colours: Palette) -> str:
    """Draw a bunch of balloons on the way up."""
    shades = (colours.glow, colours.paper, colours.mid, colours.deep, colours.glow)
    knot_x, knot_y = 150 + dice.between(-20, 20), 290
    strings, picture = "", ""
    for step, (x, y) in enumerate(((86, 120), (214, 126), (118, 66), (190, 62), (150, 136))):
        a, b = x + dice.between(-10, 10), y + dice.between(-10, 10)
        strings += f"M{a} {b + 50}Q{(a + knot_x) / 2 + 10:.0f} {b + 90} {knot_x} {knot_y}"
        picture += path(
            f"M{a} {b + 48}C{a - 62} {b + 10} {a - 48} {b - 50} {a} {b - 50}S{a + 62} {b + 10} {a} {b + 48}z",
            shades[step],
        )
        picture += line(f"M{a + 14} {b - 32}q14 6 16 22", "#fff", 5, 0.55)
    clouds = path("M-20 250a30 30 0 0 1 50-20a34 34 0 0 1 60 14a20 20 0 0 1 4 40h-120z", colours.paper, 0.5)
    return clouds + line(strings, colours.night, 2) + picture
