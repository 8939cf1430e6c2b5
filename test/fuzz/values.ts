import type { Random } from "../support/random.ts";

const odd: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  -1e-308,
  2 ** 53,
  4_294_967_296,
  "",
  " ",
  "0",
  "NaN",
  "\u0000",
  "\ud800",
  "é😀",
  "../../etc/passwd",
  "'; drop table users; --",
  "__proto__",
  "%2e%2e",
  "x".repeat(5000),
  [],
  {},
  [[]],
  { toString: 1 },
  [null],
  "00000000-0000-0000-0000-000000000000",
];

/** An unexpected value. */
export function oddValue(random: Random): unknown {
  if (random.int(0, 3) > 0) return random.pick(odd);
  if (random.int(0, 1) === 0) return random.int(-(2 ** 40), 2 ** 40) / random.pick([1, 1, 3]);
  return Array.from({ length: random.int(0, 40) }, () => String.fromCharCode(random.int(0, 0xffff))).join("");
}

interface Schema {
  type?: string;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
}

/** A value that the schema of the OpenAPI document roughly allows, or one at its border. */
export function valueFor(random: Random, schema: Schema, uuids: readonly string[]): unknown {
  if (schema.enum !== undefined) return random.pick(schema.enum);
  const { minimum = 0, maximum = 1000 } = schema;
  switch (schema.type) {
    case "integer":
      return random.pick([
        minimum,
        maximum,
        minimum - 1,
        maximum + 1,
        random.int(minimum, Math.min(maximum, minimum + 100)),
      ]);
    case "number":
      return random.pick([minimum, maximum, random.next()]);
    case "boolean":
      return random.int(0, 1) === 1;
    case "array":
      return Array.from({ length: random.int(0, 3) }, () => ({
        dataset_uuid: random.pick(uuids),
        dataset_column: random.pick(["picture", "label", "x", ""]),
        hexagon_name: random.pick(["picture_hex", "label_hex", "x"]),
        [`${random.pick(["a", "__proto__"])}`]: oddValue(random),
      }));
    default:
      if (schema.pattern?.includes("{12}") === true) return random.pick(uuids);
      return `fuzz${"a".repeat(random.pick([0, 1, 10, schema.maxLength ?? 300]))}`;
  }
}

/** The bytes with some of them changed, removed, doubled or cut off. */
export function mutate(random: Random, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  let changed = new Uint8Array(bytes);
  for (let count = random.int(1, 8); count > 0 && changed.length > 0; count--) {
    const at = random.int(0, changed.length - 1);
    const end = Math.min(changed.length, at + random.pick([1, 2, 4, 8, 64]));
    const kind = random.int(0, 5);
    if (kind <= 1) changed[at] = random.int(0, 255);
    else if (kind === 2) changed.fill(random.pick([0, 255, 127]), at, end);
    else if (kind === 3) changed = changed.slice(0, at);
    else if (kind === 4) changed = Uint8Array.from([...changed.subarray(0, end), ...changed.subarray(at)]);
    else changed = Uint8Array.from([...changed.subarray(0, at), ...changed.subarray(end)]);
  }
  return changed;
}
