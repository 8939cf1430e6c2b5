interface Columns {
  /** Learnt columns that are not there. */
  missing: readonly string[];
  /** Columns that are there and not learnt. */
  extra: readonly string[];
  /** How many cells of each column have a category that was not learnt. */
  unknown: Iterable<readonly [column: string, cells: number]>;
  /** Where the columns are, such as `in this dataset`. */
  place: string;
}

/** What a user should know about the columns that a table's encoder has read: a sentence each. */
export function columnWarnings({ missing, extra, unknown, place }: Columns): string[] {
  const sentences: string[] = [];
  if (missing.length > 0) sentences.push(`${listed(missing)}: learnt, but not ${place}, and silent here`);
  if (extra.length > 0) sentences.push(`${listed(extra)}: not learnt, and ignored here`);
  for (const [name, count] of unknown) {
    const cells = count === 1 ? "1 cell has a category" : `${count} cells have categories`;
    sentences.push(`column '${name}': ${cells} that the network has not learnt, and is silent there`);
  }
  return sentences;
}

const NAMES_SHOWN = 5;

function listed(names: readonly string[]): string {
  return `${names.length === 1 ? "column" : "columns"} ${shown(names)}`;
}

/** The first of some names, for a sentence. */
export function shown(names: readonly string[]): string {
  const first = names.slice(0, NAMES_SHOWN).map((name) => `'${name}'`);
  return names.length > NAMES_SHOWN ? `${first.join(", ")} and ${names.length - NAMES_SHOWN} more` : first.join(", ");
}
