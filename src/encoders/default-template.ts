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

/** Epochs of tables of usual sizes: more than 10 make numbers with much noise worse, and classes better. */
const EPOCHS = 10;
const EPOCHS_OF_CLASSES = 20;
/** Cycles up to which classes are learnt in more epochs: below those from which networks start wide. */
const CLASS_CYCLES_MAX = 199_999;
/** Cycles beyond which a table is learnt in fewer epochs, and the least number of them. */
const CYCLES_MAX = 500_000;
const EPOCHS_MIN = 2;

/**
 * The epochs that `epochs: "auto"` stands for with a table of so many rows, and a sentence that says why. `isClass`:
 * all outputs are classes.
 */
export function autoEpochs({ rows, isClass }: { rows: number; isClass: boolean }): { epochs: number; reason: string } {
  const within = (cycles: number) => Math.floor(cycles / Math.max(1, rows));
  const more = isClass ? Math.min(EPOCHS_OF_CLASSES, within(CLASS_CYCLES_MAX)) : 0;
  const usual = Math.max(EPOCHS, more);
  const epochs = Math.max(EPOCHS_MIN, Math.min(usual, within(CYCLES_MAX)));
  const what = epochs < EPOCHS ? "so many rows" : isClass ? "classes as targets" : "numbers as targets";
  return { epochs, reason: `${epochs} epochs suit most tables with ${what}.` };
}
