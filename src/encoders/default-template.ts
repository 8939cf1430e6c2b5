/**
 * Hexagons of each of the networks whose answers are averaged: they differ, so that their errors do. Four or eight took
 * two to four times as long and were no better.
 */
const DEPTHS = [3, 2];

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

/** Epochs of tables of usual sizes: tables of 100 to 3000 rows were learnt as well as with 5 or 20, or better. */
const EPOCHS = 10;
/** Cycles beyond which a table is learnt in fewer epochs, and the least number of them. */
const CYCLES_MAX = 500_000;
const EPOCHS_MIN = 2;

/** The epochs that `epochs: "auto"` stands for with a table of so many rows, and a sentence that says why. */
export function autoEpochs({ rows }: { rows: number }): { epochs: number; reason: string } {
  const affordable = Math.floor(CYCLES_MAX / Math.max(1, rows));
  if (affordable >= EPOCHS) return { epochs: EPOCHS, reason: `${EPOCHS} epochs suit most tables.` };
  const epochs = Math.max(EPOCHS_MIN, affordable);
  return { epochs, reason: `${epochs} epochs are enough for ${rows} rows.` };
}
