import { expect, test } from "vitest";
import { drawDigits } from "../../scripts/demo/digits.ts";
import { encodePair } from "../../scripts/demo/idx.ts";

test("the same seed draws the same digits, another seed draws others", () => {
  expect(drawDigits(50, 7)).toEqual(drawDigits(50, 7));
  expect(drawDigits(50, 7).pixels).not.toEqual(drawDigits(50, 8).pixels);
  // A longer set begins with the shorter one.
  expect(drawDigits(60, 7).pixels.subarray(0, 50 * 784)).toEqual(drawDigits(50, 7).pixels);
});

test("every digit occurs, is drawn with ink, and differs from image to image", () => {
  const { labels, pixels, count } = drawDigits(1000, 3);
  const images = Array.from({ length: count }, (_, index) => pixels.subarray(index * 784, (index + 1) * 784));
  for (let digit = 0; digit < 10; digit++) {
    const own = images.filter((_, index) => labels[index] === digit);
    expect(own.length).toBeGreaterThan(60);
    expect(new Set(own.map((image) => Buffer.from(image).toString("base64"))).size).toBe(own.length);
    for (const image of own) {
      const inked = image.filter((value) => value > 128).length;
      expect(inked).toBeGreaterThan(15);
      expect(inked).toBeLessThan(784 / 2);
    }
  }
});

test("IDX files have type, sizes and the elements in this order", () => {
  const drawn = drawDigits(3, 1);
  const { images, labels, count } = encodePair(drawn);
  expect(count).toBe(3);
  expect([...images.subarray(0, 16)]).toEqual([0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 28, 0, 0, 0, 28]);
  expect(Buffer.from(images.subarray(16)).equals(drawn.pixels)).toBe(true);
  expect([...labels]).toEqual([0, 0, 8, 1, 0, 0, 0, 3, ...drawn.labels]);
});
