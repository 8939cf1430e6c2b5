import { expect, test } from "vitest";
import { checkEncoders } from "../../src/network/check-encoders.ts";
import { StateError } from "../../src/network/state-error.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";

const template = parseTemplate(`version: 1 settings: hexagons: 1,1,1 2,1,1 1,3,1
  inputs: x: 1,1,1 one: 1,3,1 (binary) outputs: y: 2,1,1`);

test("offsets belong to plain inputs", () => {
  const text = (name: string) => `{"inputs":{},"outputs":{},"offsets":{"${name}":[1]}}`;
  checkEncoders("", template);
  checkEncoders(text("x"), template);
  for (const name of ["one", "y", "z"]) {
    expect(() => checkEncoders(text(name), template)).toThrow(StateError);
    expect(() => checkEncoders(text(name), template)).toThrow("an offset belongs to no plain input");
  }
  expect(() => checkEncoders(text("x").replace("1]", "-1]"), template)).toThrow("its encoders are not valid");
});
