import { nameProblem } from "../datasets/column-name.ts";

/** Characters of a class in a sentence. */
const TEXT_SHOWN = 50;

/**
 * The names of the columns for the probabilities of classes: `probability_CLASS`, or `probability_RESULT_CLASS` where
 * several results have classes. A name that a column cannot have, or has already, gets the number of the class instead;
 * a sentence says so. `taken` are names of other columns.
 */
export function predictionNames(
  results: readonly { name: string; classes: readonly string[] }[],
  taken: readonly string[],
): { names: Map<string, string[]>; warnings: string[] } {
  const used = new Set([...taken, ...results.map(({ name }) => name)]);
  const isOnly = results.filter(({ classes }) => classes.length > 0).length === 1;
  const warnings: string[] = [];
  const names = results.map(({ name: result, classes }) => {
    const stem = isOnly ? "probability" : `probability_${result}`;
    const own = classes.map((text, index) => {
      let name = `${stem}_${text}`;
      if (nameProblem(name) !== undefined || used.has(name)) {
        name = freeName(`probability_${index}`, used);
        const shown = text.length > TEXT_SHOWN ? `${text.slice(0, TEXT_SHOWN)}…` : text;
        warnings.push(`the probability of class '${shown}' is in column '${name}'`);
      }
      used.add(name);
      return name;
    });
    return [result, own] as const;
  });
  return { names: new Map(names), warnings };
}

function freeName(stem: string, used: ReadonlySet<string>): string {
  let name = stem;
  while (used.has(name)) name += "_";
  return name;
}
