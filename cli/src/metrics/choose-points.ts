/**
 * At most `most` elements, evenly spread, the first and the last among them. Of each stretch it takes the last one that
 * is `better`, or else its last one.
 */
export function chooseEvenly<T>(all: readonly T[], most: number, better: (each: T) => boolean): T[] {
  if (all.length <= most) return [...all];
  const [first, ...others] = all as [T, ...T[]];
  const stretches = most - 2;
  const inner = others.slice(0, -1);
  const chosen = Array.from({ length: stretches }, (_, at) => {
    const from = Math.floor((at * inner.length) / stretches);
    const stretch = inner.slice(from, Math.floor(((at + 1) * inner.length) / stretches));
    return stretch.findLast(better) ?? (stretch.at(-1) as T);
  });
  return [first, ...chosen, others.at(-1) as T];
}
