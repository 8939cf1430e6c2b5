import type { OutputScores } from "hanami-sdk";

/** One line per output with the scores that are single values; `-` where one is undefined. */
export function scoresText(scores: Record<string, OutputScores>): string {
  return Object.entries(scores)
    .map(([output, values]) => `${output}: ${lineOf(values)}`)
    .join("\n");
}

const lineOf = (values: OutputScores): string =>
  Object.entries(values)
    .filter(([, value]) => typeof value !== "object" || value === null)
    .map(([name, value]) => `${name.replaceAll("_", " ")} ${valueText(value as string | number | null)}`)
    .join(", ");

const valueText = (value: string | number | null) =>
  typeof value === "number" ? String(Number(value.toPrecision(6))) : (value ?? "-");
