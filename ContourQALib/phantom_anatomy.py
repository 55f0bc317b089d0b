"""The male pelvis of the phantom: where its organs, bones, muscles and vessels lie.

Places are LPS mm about a point between the femoral heads: +x is the patient's left, +y behind, +z above.
Sizes and courses follow the textbook anatomy of a supine man of slim build.
"""

from __future__ import annotations

import numpy as np

from ContourQALib.phantom_shapes import Ellipsoid, Plate, Point, Segment, Shape, Space, curve, mirrored, tube

ORGANS = ("CTV", "Bladder", "Rectum", "FemoralHead_L", "FemoralHead_R", "Bowel")

COUCH_TOP_MM = 101.0

HEAD_OF_FEMUR: Point = (88.0, -2.0, 0.0)


class Patient:
    """The sizes and places that differ from patient to patient, drawn once by the seed."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.build = 1 + 0.025 * rng.uniform(-1, 1)
        self.filling = 1 + 0.12 * rng.uniform(-1, 1)
        self.prostate = 1 + 0.10 * rng.uniform(-1, 1)
        self.sideways = 5 * rng.uniform(-1, 1, 8)
        self.along = 4 * rng.uniform(-1, 1, 8)

    @property
    def prostate_center(self) -> Point:
        """Middle of the gland, LPS mm."""
        return (self.sideways[0] / 5, 4.0, -23 + self.along[0] / 2)

    def prostate_and_vesicles(self) -> list[Shape]:
        """The target: the gland with its apex, and the seminal vesicles."""
        s = self.prostate
        x, y, z = self.prostate_center
        gland = Ellipsoid((x, y, z), (26.5 * s, 18 * s, 21 * s))
        apex = Ellipsoid((x, y + 1, z - 15 * s), (16 * s, 13 * s, 14 * s))
        vesicles = [
            part
            for side in (1, -1)
            for part in tube(
                [
                    (x + side * 3, y + 11, z + 15),
                    (x + side * 16, y + 18, z + 23),
                    (x + side * 28, y + 20, z + 29),
                ],
                [6.5, 7.0, 4.5],
            )
        ]
        return [gland, apex, *vesicles]

    def bladder(self) -> list[Shape]:
        """Overlapping parts of the bladder, down to the neck on the prostate."""
        f = self.filling
        x, z = self.sideways[1] / 3, 25.0
        body = Ellipsoid((x, -23.0, z + 6 * (f - 1)), (42 * f, 31 * f, 25 * f))
        front = Ellipsoid((x, -36.0, z - 4), (30 * f, 22 * f, 24 * f))
        dome = Ellipsoid((x + self.sideways[2], -22.0, z + 12), (30 * f, 24 * f, 22 * f))
        neck = Ellipsoid((x, -8.0, 6.0), (24.0, 19.0, 17.0))
        return [body, front, dome, neck]

    def rectum(self) -> tuple[list[Shape], list[Point]]:
        """Anal canal to rectosigmoid, and the line through its middle."""
        a, b = self.sideways[3], self.sideways[4]
        course: list[Point] = [
            (0.0, 28.0, -76.0),
            (0.0, 33.0, -58.0),
            (a / 4, 42.0, -42.0),
            (a / 2, 42.0, -18.0),
            (a, 50.0, 8.0),
            (b, 54.0, 34.0),
            (b + 6, 44.0, 56.0),
            (b + 18, 24.0, 68.0),
        ]
        line = curve(course, 22)
        along = np.linspace(0, 1, 22)
        radii = np.interp(along, [0, 0.18, 0.32, 0.55, 0.8, 1], [9, 10.5, 16, 17.5 * self.filling, 16, 12.5])
        return tube(line, radii, width=1.12), line

    def bowel(self) -> tuple[list[list[Shape]], list[list[Point]]]:
        """Loops of small bowel, and the lines through their middles."""
        a, b, c = self.sideways[5:8]
        courses: list[list[Point]] = [
            [(46.0, -18 + a, 66.0), (28.0, -44.0, 68 + b), (2.0, -30 + b, 74.0), (-26.0, -48.0, 70 + a)],
            [(-26.0, -48.0, 70 + a), (-46.0, -28 + c, 66.0), (-46.0, -4.0, 72 + c), (-26.0, 14 + a, 80.0)],
            [(-26.0, 14 + a, 80.0), (-6.0, -6.0, 90 + b), (16.0, 16 + c, 92.0), (36.0, 2.0, 86 + a)],
            [(58.0, -44 + c, 90.0), (34.0, -62.0, 92.0), (6.0, -58 + a, 98.0), (-30.0, -60.0, 94.0)],
        ]
        lines = [curve(course, 14) for course in courses]
        wave = 13.0 + 2.0 * np.sin(np.linspace(0, 9, 14))
        return [tube(line, wave) for line in lines], lines


def femoral_head() -> list[Shape]:
    """The left one, with the neck as far as it is contoured."""
    return [
        Ellipsoid(HEAD_OF_FEMUR, (24.0, 24.0, 24.0)),
        Segment((92.0, 0.0, -5.0), (110.0, 6.0, -22.0), 17.0, 14.5),
    ]


def femur() -> list[Shape]:
    """The rest of the left femur."""
    return [
        Ellipsoid((121.0, 14.0, -22.0), (13.5, 18.0, 20.0)),
        Segment((110.0, 6.0, -22.0), (116.0, 8.0, -48.0), 16.0, 17.0),
        Segment((116.0, 8.0, -48.0), (112.0, 4.0, -130.0), 17.0, 15.0),
    ]


def hip_bones() -> list[Shape]:
    """Ilium, ischium and pubis of the left side, without the acetabulum."""
    roof, spine, fossa = (88.0, 4.0, 26.0), (114.0, -40.0, 92.0), (103.0, 22.0, 96.0)
    joint, crest = (58.0, 72.0, 86.0), (126.0, -6.0, 134.0)
    return [
        Plate(roof, spine, fossa, 10.0),
        Plate(roof, fossa, joint, 10.0),
        Plate(crest, spine, fossa, 8.0),
        Plate(crest, fossa, joint, 8.0),
        Segment((88.0, 2.0, 24.0), (62.0, 58.0, 60.0), 10.0, 9.0),
        Segment((88.0, -22.0, 24.0), (108.0, -42.0, 68.0), 9.0, 6.0),
        Segment((70.0, -26.0, 4.0), (40.0, -50.0, -8.0), 10.0, 8.0),
        Segment((40.0, -50.0, -8.0), (14.0, -58.0, -20.0), 8.0, 9.0),
        Ellipsoid((11.5, -57.0, -27.0), (10.0, 11.0, 19.0)),
        Segment((14.0, -52.0, -42.0), (44.0, -4.0, -70.0), 7.0, 7.0),
        Segment((68.0, 30.0, -2.0), (60.0, 30.0, -42.0), 13.0, 13.0),
        Segment((60.0, 30.0, -42.0), (52.0, 18.0, -74.0), 14.5, 15.0),
    ]


def sacrum() -> list[Shape]:
    """Sacrum and coccyx with their left and right wings, and the lowest disc."""
    body = tube(
        [(0.0, 46.0, 108.0), (0.0, 62.0, 84.0), (0.0, 80.0, 60.0), (0.0, 86.0, 34.0), (0.0, 80.0, 12.0)],
        [20.0, 17.0, 12.0, 9.0, 6.0],
        width=1.7,
    )
    coccyx = tube([(0.0, 80.0, 12.0), (0.0, 73.0, -4.0), (0.0, 66.0, -14.0)], [6.0, 5.0, 4.0], width=1.4)
    wings = mirrored(
        [
            Segment((26.0, 60.0, 98.0), (50.0, 70.0, 82.0), 18.0, 14.0),
            Segment((20.0, 78.0, 62.0), (40.0, 74.0, 66.0), 10.0, 9.0),
        ]
    )
    return [*body, *coccyx, *wings]


def sacral_canal() -> list[Shape]:
    """The canal and the openings for the nerves."""
    holes = mirrored(
        [Ellipsoid((19.0, 68.0, 84.0), (4.5, 9.0, 5.0)), Ellipsoid((15.0, 80.0, 62.0), (4.0, 8.0, 4.5))]
    )
    return [
        *tube([(0.0, 72.0, 112.0), (0.0, 80.0, 84.0), (0.0, 88.0, 62.0)], [7.0, 6.0, 3.0], width=1.5),
        *holes,
    ]


def marrow() -> list[Shape]:
    """Marrow cavity of the left femur."""
    return [Ellipsoid((113.0, 5.0, -130.0), (8.5, 8.5, 68.0))]


def cavity() -> list[Shape]:
    """Where fat and organs lie and muscles do not spread: the pelvis and the hollows by the anal canal."""
    middle = tube(
        [(0.0, -6.0, 112.0), (0.0, 0.0, 50.0), (0.0, 8.0, -8.0), (0.0, 16.0, -44.0)], [58.0, 58.0, 48.0, 24.0]
    )
    back = tube([(0.0, 40.0, 80.0), (0.0, 58.0, 40.0), (0.0, 54.0, -10.0)], [14.0, 24.0, 20.0], width=1.5)
    return [*middle, *back, *mirrored([Ellipsoid((30.0, 44.0, -48.0), (15.0, 22.0, 26.0))])]


def muscles() -> list[Shape]:
    """Left and right muscles, and the pelvic floor."""
    pairs: list[Shape] = [
        Segment((62.0, 60.0, 40.0), (100.0, 40.0, -40.0), 30.0, 26.0),  # gluteus maximus
        Segment((50.0, 66.0, 0.0), (72.0, 62.0, -46.0), 24.0, 22.0),
        Segment((30.0, 84.0, 34.0), (82.0, 60.0, -4.0), 13.0, 22.0),
        Ellipsoid((112.0, 28.0, 60.0), (24.0, 40.0, 52.0)),  # gluteus medius and minimus
        Ellipsoid((120.0, -12.0, 14.0), (17.0, 32.0, 44.0)),
        Segment((58.0, 6.0, 110.0), (76.0, -34.0, 30.0), 25.0, 21.0),  # iliopsoas
        Segment((88.0, -12.0, 96.0), (78.0, -34.0, 34.0), 18.0, 17.0),
        Segment((78.0, -36.0, 30.0), (92.0, -26.0, -44.0), 20.0, 13.0),
        Ellipsoid((54.0, 12.0, -16.0), (9.0, 34.0, 36.0)),  # obturator internus
        Segment((38.0, -28.0, -40.0), (72.0, 14.0, -46.0), 11.0, 12.0),  # obturator externus
        Segment((30.0, 74.0, 46.0), (92.0, 38.0, 16.0), 10.0, 9.0),  # piriformis
        Segment((30.0, -78.0, 110.0), (16.0, -72.0, -10.0), 8.0, 6.0, 3.2),  # rectus abdominis
        Segment((94.0, -64.0, 110.0), (74.0, -72.0, 76.0), 12.0, 9.0, 1.6),  # abdominal wall
        Segment((112.0, -60.0, 4.0), (114.0, -48.0, -60.0), 12.0, 16.0),  # tensor, vastus lateralis
        Segment((86.0, -68.0, 4.0), (92.0, -58.0, -110.0), 11.0, 19.0),  # sartorius, rectus femoris
        Segment((118.0, -24.0, -44.0), (118.0, -18.0, -120.0), 18.0, 23.0),
        Segment((44.0, -52.0, -30.0), (62.0, -44.0, -120.0), 12.0, 25.0),  # pectineus, adductors
        Segment((34.0, -26.0, -70.0), (48.0, -8.0, -130.0), 14.0, 26.0),
        Segment((74.0, 32.0, -56.0), (80.0, 46.0, -130.0), 20.0, 25.0),  # hamstrings
        Segment((30.0, 88.0, 120.0), (22.0, 94.0, 66.0), 16.0, 8.0, 1.4),  # back muscles
        Plate((9.0, 36.0, -64.0), (33.0, -22.0, -22.0), (40.0, 24.0, -16.0), 5.0),  # levator ani
        Plate((9.0, 36.0, -64.0), (40.0, 24.0, -16.0), (22.0, 58.0, -34.0), 4.5),
    ]
    floor: list[Shape] = [
        Ellipsoid((0.0, 30.0, -72.0), (18.0, 17.0, 16.0)),
        Ellipsoid((0.0, -6.0, -62.0), (13.0, 13.0, 12.0)),
    ]
    return [*mirrored(pairs), *floor]


def vessels() -> list[Shape]:
    """Iliac and femoral arteries and veins, and the spermatic cords."""
    artery = curve(
        [
            (44.0, 8.0, 112.0),
            (52.0, -22.0, 72.0),
            (60.0, -56.0, 24.0),
            (66.0, -74.0, -14.0),
            (70.0, -70.0, -110.0),
        ],
        9,
    )
    vein = [(x - 7, y + 11, z) for x, y, z in artery]
    cord = [(52.0, -74.0, 20.0), (34.0, -80.0, -20.0), (24.0, -78.0, -60.0)]
    return mirrored([*tube(artery, [5.5] * 9), *tube(vein, [6.5] * 9), *tube(cord, [5.0, 5.0, 6.0])])


def body(space: Space, build: float) -> np.ndarray:
    """Distance to the skin, mm, measured from the middle of the body; float32 (K, J, I), negative inside."""
    z = space.z[:, 0, 0]

    def level_by_level(heights: list[float], values: list[float]) -> np.ndarray:
        return np.interp(z, heights, values).astype(np.float32)[:, None, None]

    size = np.float32(build)
    half_width = size * level_by_level([-100, -60, -20, 30, 70, 100], [146, 150, 151, 146, 139, 137])
    front = size * level_by_level([-100, -60, -20, 30, 100], [88, 90, 94, 98, 100])
    back = size * level_by_level([-100, -40, 20, 60, 100], [92, 106, 109, 106, 103])

    # The front half and the back half have their own depth; below, buttocks and thighs part at the midline,
    # and the back is pressed flat by the couch.
    depth = np.where(space.y < 0, front, back)
    power = np.float32(2.3)
    level = ((np.abs(space.x) / half_width) ** power + (np.abs(space.y) / depth) ** power) ** (1 / power)
    whole = (level - 1) / np.maximum(level, np.float32(0.05)) * np.sqrt(space.x**2 + space.y**2)
    cleft = level_by_level([-100, -70, -30, 30, 60], [52, 34, 20, 8, -5])
    groin = level_by_level([-100, -60, -30], [22, 6, -10])
    opening = np.float32(0.22) * (space.y - (back - cleft)) - np.abs(space.x)
    between = np.float32(0.35) * (-space.y - (front - groin)) - np.abs(space.x)
    couch = space.y - np.float32(COUCH_TOP_MM)
    return np.maximum(np.maximum(whole, opening), np.maximum(between, couch)).astype(np.float32)
