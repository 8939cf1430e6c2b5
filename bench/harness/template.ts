/** Three hexagons in a row: the first takes values, the last returns them. */
const THREE_HEXAGONS = {
  settings: "",
  hexagons: "1,1,1 2,1,1 3,1,1",
  axons: "",
  inputs: "in: 1,1,1",
  outputs: "out: 3,1,1",
};

/** The sections of a template that differ from the usual three hexagons. */
export type Shape = Partial<typeof THREE_HEXAGONS>;

export function templateOf(shape: Shape): string {
  const { settings, hexagons, axons, inputs, outputs } = { ...THREE_HEXAGONS, ...shape };
  const links = axons === "" ? "" : `axons: ${axons}`;
  const parts = ["version: 1 settings:", settings, `hexagons: ${hexagons}`, links];
  return [...parts, `inputs: ${inputs}`, `outputs: ${outputs}`].filter((part) => part !== "").join(" ");
}

/** The template of all benchmarks that do not vary it. */
export const TEMPLATE = templateOf({});
