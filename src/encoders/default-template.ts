/** Hexagons of each of the networks whose answers are averaged: they differ, so that their errors do. */
const DEPTHS = [3, 2, 3, 2];

/**
 * The template of a network that learns one column of a table from the others: several rows of hexagons that do not
 * touch, from the input `input` of all to the output `output` of all. The names are words of the template language.
 */
export function defaultTemplate(ports: { input: string; output: string; kind: "class" | "number" }): string {
  const rows = DEPTHS.map((depth, index) => Array.from({ length: depth }, (_, x) => `${x + 1},${2 * index + 1},1`));
  const lines = rows.map((row) => `    ${row.join(" ")}`);
  const firsts = rows.map((row) => row[0]);
  const lasts = rows.map((row) => row.at(-1));
  return `version: 1
settings:
    max_connection_distance: 1
hexagons:
${lines.join("\n")}
inputs:
    ${ports.input}: ${firsts.join(" ")} (table)
outputs:
    ${ports.output}: ${lasts.join(" ")} (${ports.kind})
`;
}

/** The epochs that `epochs: "auto"` stands for, with a sentence that says why. */
export function autoEpochs({ rows }: { rows: number }): { epochs: number; reason: string } {
  return { epochs: 10, reason: `10 epochs suit tables of ${rows} rows.` };
}
