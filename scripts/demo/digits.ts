/** Draws handwritten-looking digits: a few strokes each, bent, slanted and shifted by a seeded random generator. */
import { createRandom, type Random } from "./random.ts";

export interface LabelledImages {
  count: number;
  rows: number;
  columns: number;
  /** Row after row, image after image; 0 is paper, 255 is ink. */
  pixels: Uint8Array;
  /** 0…9, one for each image. */
  labels: Uint8Array;
}

type Point = readonly [x: number, y: number];
type Stroke = readonly Point[];

const SIZE = 28;
/** Size of the part of an image that holds the digit; the rest is margin. */
const BOX = 20;

/** Part of an ellipse, clockwise from the right, in degrees. */
function arc(center: Point, radius: Point, from: number, to: number): Stroke {
  const steps = Math.ceil(Math.abs(to - from) / 30);
  return Array.from({ length: steps + 1 }, (_, step) => {
    const angle = ((from + ((to - from) * step) / steps) * Math.PI) / 180;
    return [center[0] + radius[0] * Math.cos(angle), center[1] + radius[1] * Math.sin(angle)];
  });
}

/** Two ways to write each digit, in a unit square with y pointing down. */
const shapes: readonly (readonly Stroke[])[][] = [
  [[arc([0.5, 0.5], [0.3, 0.45], -90, 270)], [arc([0.5, 0.5], [0.22, 0.45], -60, 290)]],
  [
    [
      [
        [0.5, 0.05],
        [0.5, 0.95],
      ],
    ],
    [
      [
        [0.32, 0.28],
        [0.54, 0.06],
        [0.54, 0.95],
      ],
    ],
  ],
  [
    [[...arc([0.48, 0.3], [0.28, 0.25], -170, 30), [0.2, 0.92], [0.82, 0.92]]],
    [
      [...arc([0.48, 0.28], [0.26, 0.22], -150, 50), [0.3, 0.78]],
      [...arc([0.33, 0.82], [0.12, 0.1], 90, 300), [0.85, 0.95]],
    ],
  ],
  [
    [[...arc([0.45, 0.28], [0.27, 0.22], -150, 80), ...arc([0.45, 0.72], [0.32, 0.23], -90, 150)]],
    [[[0.2, 0.06], [0.74, 0.06], [0.44, 0.4], ...arc([0.44, 0.68], [0.3, 0.26], -80, 140)]],
  ],
  [
    [
      [
        [0.6, 0.05],
        [0.16, 0.64],
        [0.86, 0.64],
      ],
      [
        [0.64, 0.36],
        [0.64, 0.96],
      ],
    ],
    [
      [
        [0.24, 0.06],
        [0.22, 0.5],
        [0.74, 0.5],
      ],
      [
        [0.74, 0.06],
        [0.72, 0.96],
      ],
    ],
  ],
  [
    [[[0.78, 0.06], [0.3, 0.06], [0.26, 0.44], ...arc([0.46, 0.68], [0.3, 0.26], -110, 140)]],
    [
      [[0.3, 0.08], [0.28, 0.4], ...arc([0.44, 0.66], [0.3, 0.28], -100, 150)],
      [
        [0.3, 0.08],
        [0.82, 0.05],
      ],
    ],
  ],
  [
    [[[0.68, 0.05], [0.36, 0.3], ...arc([0.5, 0.7], [0.26, 0.24], 190, 530)]],
    [[[0.42, 0.04], [0.26, 0.4], ...arc([0.48, 0.72], [0.24, 0.22], 180, 500)]],
  ],
  [
    [
      [
        [0.18, 0.08],
        [0.8, 0.08],
        [0.42, 0.95],
      ],
    ],
    [
      [
        [0.2, 0.1],
        [0.8, 0.06],
        [0.5, 0.95],
      ],
      [
        [0.34, 0.5],
        [0.78, 0.48],
      ],
    ],
  ],
  [
    [arc([0.5, 0.27], [0.22, 0.21], -90, 270), arc([0.5, 0.72], [0.28, 0.24], -90, 270)],
    [[...arc([0.5, 0.27], [0.24, 0.22], -20, -250), ...arc([0.5, 0.72], [0.26, 0.24], -70, 230), [0.7, 0.2]]],
  ],
  [
    [[...arc([0.48, 0.3], [0.25, 0.24], 0, 360), [0.7, 0.95]]],
    [[...arc([0.46, 0.3], [0.26, 0.22], -20, 340), [0.74, 0.4], ...arc([0.5, 0.74], [0.24, 0.22], 0, 120)]],
  ],
];

/** Places a digit's strokes on the image, in pixels, with random position, size, slant and jitter. */
function place(strokes: readonly Stroke[], random: Random): Stroke[] {
  const angle = random.normal(0.12);
  const slant = random.normal(0.15);
  const width = BOX * random.between(0.75, 1.1);
  const height = BOX * random.between(0.85, 1.1);
  const shift = [random.normal(1), random.normal(1)] as const;
  return strokes.map((stroke) =>
    stroke.map(([x, y]) => {
      const v = (y - 0.5 + random.normal(0.025)) * height;
      const u = (x - 0.5 + random.normal(0.025)) * width - slant * v;
      return [
        SIZE / 2 + shift[0] + u * Math.cos(angle) - v * Math.sin(angle),
        SIZE / 2 + shift[1] + u * Math.sin(angle) + v * Math.cos(angle),
      ];
    }),
  );
}

/** Draws a line: full ink up to half its thickness, then one pixel of fading. */
function drawLine(image: Uint8Array, [ax, ay]: Point, [bx, by]: Point, thickness: number): void {
  const reach = thickness / 2 + 1;
  const first = (a: number, b: number) => Math.max(0, Math.floor(Math.min(a, b) - reach));
  const last = (a: number, b: number) => Math.min(SIZE - 1, Math.ceil(Math.max(a, b) + reach));
  const lengthSquared = (bx - ax) ** 2 + (by - ay) ** 2 || 1;
  for (let y = first(ay, by); y <= last(ay, by); y++) {
    for (let x = first(ax, bx); x <= last(ax, bx); x++) {
      const along = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / lengthSquared;
      const t = Math.min(1, Math.max(0, along));
      const distance = Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay));
      const ink = 255 * Math.min(1, Math.max(0, reach - distance));
      const at = y * SIZE + x;
      if (ink > (image[at] as number)) image[at] = ink;
    }
  }
}

/** `count` images of 28 × 28 pixels, the digits in random order. The same seed gives the same images. */
export function drawDigits(count: number, seed: number): LabelledImages {
  const random = createRandom(seed);
  const pixels = new Uint8Array(count * SIZE * SIZE);
  const labels = new Uint8Array(count);
  for (let index = 0; index < count; index++) {
    const digit = Math.floor(random.between(0, 10));
    const variants = shapes[digit] as (readonly Stroke[])[];
    const strokes = variants[Math.floor(random.between(0, variants.length))] as readonly Stroke[];
    const thickness = random.between(1.2, 2.8);
    const image = pixels.subarray(index * SIZE * SIZE, (index + 1) * SIZE * SIZE);
    labels[index] = digit;
    for (const stroke of place(strokes, random)) {
      for (let point = 1; point < stroke.length; point++) {
        drawLine(image, stroke[point - 1] as Point, stroke[point] as Point, thickness);
      }
    }
  }
  return { count, rows: SIZE, columns: SIZE, pixels, labels };
}
