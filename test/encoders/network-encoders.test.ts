import { expect, test } from "vitest";
import { EncoderError } from "../../src/encoders/encoder-error.ts";
import { encodersText, parseEncoders, type NetworkEncoders } from "../../src/encoders/network-encoders.ts";
import { fitColumn } from "../../src/encoders/table-encoder.ts";
import { fitClass, fitNumber } from "../../src/encoders/targets.ts";
import { categories, numbers, times } from "./columns.ts";

const ENCODERS: NetworkEncoders = {
  inputs: {
    row: {
      columns: [
        numbers("x", [-3.4e38, 1.4e-45, NaN, 3.4e38, 0.1]),
        numbers("same", [1, 1]),
        numbers("none", [NaN]),
        categories("c", ["a", "b", undefined]),
        times("t", ["2024-01-01T10:00:00Z", "2025-02-02T11:00:00Z"]),
      ].map(fitColumn),
    },
    ["__proto__"]: { columns: [] },
  },
  outputs: { kind: fitClass(categories("k", ["b", "a"])), amount: fitNumber(numbers("y", [-3.4e38, 3.4e38, 1])) },
};

test("encoders come back from their text", () => {
  const parsed = parseEncoders(encodersText(ENCODERS));
  expect(parsed).toEqual(ENCODERS);
  expect(parseEncoders(encodersText(parsed))).toEqual(parsed);
  expect(Object.hasOwn(parsed.inputs, "__proto__")).toBe(true);
  expect(parseEncoders(`{"inputs":{},"outputs":{}}`)).toEqual({ inputs: {}, outputs: {} });
});

test("offsets are in the text where there are any, and texts without them stay as they were", () => {
  const encoders: NetworkEncoders = { ...ENCODERS, offsets: { x: [999.25, 0], ["__proto__"]: [1] } };
  const parsed = parseEncoders(encodersText(encoders));
  expect(parsed).toEqual(encoders);
  expect(Object.keys(parsed.offsets!)).toEqual(["x", "__proto__"]);
  const old = `{"inputs":{"row":{"columns":[{"kind":"empty","name":"x","missing":true}]}},"outputs":{}}`;
  expect(encodersText(parseEncoders(old))).toBe(old);
});

const column = (text: string) => `{"inputs":{"row":{"columns":[${text}]}},"outputs":{}}`;
const output = (text: string) => `{"inputs":{},"outputs":{"y":${text}}}`;
const offsets = (text: string) => `{"inputs":{},"outputs":{},"offsets":${text}}`;
const many = (count: number) => JSON.stringify(Array.from({ length: count }, (_, i) => `${i}`));

test.each([
  ["", "not valid JSON"],
  ["[]", "encoders is not an object"],
  ["null", "encoders is not an object"],
  [`{"inputs":{}}`, "encoders lacks 'outputs'"],
  [`{"inputs":{},"outputs":{},"more":1}`, "encoders has an unknown field 'more'"],
  [`{"inputs":[],"outputs":{}}`, "inputs is not an object"],
  [`{"inputs":{"row":{"columns":{}}},"outputs":{}}`, "inputs.row.columns is not a list"],
  [column("7"), "columns[0] is not an object"],
  [column(`{"kind":"other"}`), "columns[0].kind is not the kind of a column"],
  [column(`{"kind":"empty","name":"x"}`), "columns[0] lacks 'missing'"],
  [column(`{"kind":"empty","name":7,"missing":true}`), "columns[0].name is not a text"],
  [column(`{"kind":"empty","name":"x","missing":1}`), "columns[0].missing is neither true nor false"],
  [column(Array(2).fill(`{"kind":"empty","name":"x","missing":true}`).join()), "columns has 'x' twice"],
  [column(`{"kind":"number","name":"x","missing":true,"knots":[]}`), "knots is empty"],
  [column(`{"kind":"number","name":"x","missing":true,"knots":[1,1]}`), "knots[1] is not above the number before it"],
  [column(`{"kind":"number","name":"x","missing":true,"knots":[1e39]}`), "knots[0] is not a number"],
  [column(`{"kind":"number","name":"x","missing":true,"knots":[null]}`), "knots[0] is not a number"],
  [column(`{"kind":"number","name":"x","missing":true,"knots":${many(65)}}`), "knots has more than 64 entries"],
  [column(`{"kind":"category","name":"x","missing":true,"categories":["a","a"],"rest":0}`), "categories has 'a' twice"],
  [column(`{"kind":"category","name":"x","missing":true,"categories":${many(51)},"rest":0}`), "more than 50 entries"],
  [column(`{"kind":"category","name":"x","missing":true,"categories":[],"rest":-1}`), "rest is not a count"],
  [column(`{"kind":"time","name":"x","missing":true,"parts":[{"part":"eon","knots":[1,2]}]}`), "not a part of a time"],
  [column(`{"kind":"time","name":"x","missing":true,"parts":[{"part":"year","knots":[1]}]}`), "fewer than two numbers"],
  [output("{}"), "outputs.y.kind is not the kind of a target"],
  [output(`{"kind":"class","column":"y","classes":[]}`), "classes is empty"],
  [output(`{"kind":"class","column":"y","classes":["a","a"]}`), "classes has 'a' twice"],
  [output(`{"kind":"class","column":"y","classes":${many(4097)}}`), "classes has more than 4096 entries"],
  [output(`{"kind":"class","column":"y","classes":["${"x".repeat(1025)}"]}`), "more than 1024 characters"],
  [output(`{"kind":"number","column":"y","knots":[2,1]}`), "knots[1] is not above the number before it"],
  [offsets("null"), "offsets is not an object"],
  [offsets(`{"x":7}`), "offsets.x is not a list"],
  [offsets(`{"x":[]}`), "offsets.x is empty"],
  [offsets(`{"x":[0,-1]}`), "offsets.x[1] is not a number from 0 on"],
  [offsets(`{"x":[1e39]}`), "offsets.x[0] is not a number from 0 on"],
  [offsets(`{"x":["1"]}`), "offsets.x[0] is not a number from 0 on"],
  [offsets(`{"x":[${"0,".repeat(100_000)}0]}`), "offsets.x has more than 100000 entries"],
])("a stored text is refused with the reason: %.60s", (text, message) => {
  expect(() => parseEncoders(text)).toThrow(EncoderError);
  expect(() => parseEncoders(text)).toThrow(message);
});
