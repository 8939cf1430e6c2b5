/**
 * Parquet and Arrow files know columns, not groups of columns. Files of ours say in their metadata which columns belong
 * together; columns of other files belong together when they are called `name_0`, `name_1`, … one after another.
 */
export interface Group {
  name: string;
  width: number;
}

/** Key of the files' metadata. */
export const GROUPS_KEY = "hanami.groups";

export const groupsText = (groups: readonly Group[]) => JSON.stringify(groups.map(({ name, width }) => [name, width]));

/**
 * The groups that columns form. `text` is what the metadata says, and counts only when it fits the columns: a file may
 * have been changed by a program that copies metadata. `onGuess` is told each group that names alone make.
 */
export function groupColumns(
  columns: readonly Group[],
  text: string | undefined,
  onGuess: (group: Group) => void = () => {},
): Group[] {
  return (text === undefined ? undefined : readGroups(columns, text)) ?? groupRuns(columns, onGuess);
}

function readGroups(columns: readonly Group[], text: string): Group[] | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parsed)) return undefined;
  const groups: Group[] = [];
  let at = 0;
  for (const entry of parsed as unknown[]) {
    if (!Array.isArray(entry)) return undefined;
    const [name, width] = entry as unknown[];
    if (typeof name !== "string" || !Number.isSafeInteger(width) || (width as number) < 1) return undefined;
    const group = { name, width: width as number };
    if (columns[at]?.name === name && columns[at]?.width === group.width) at++;
    else {
      for (let column = 0; column < group.width; column++, at++) {
        if (columns[at]?.name !== `${name}_${column}` || columns[at]?.width !== 1) return undefined;
      }
    }
    groups.push(group);
  }
  return at === columns.length ? groups : undefined;
}

/** Runs `name_0`, `name_1`, … of two or more single columns become one group unless its name is taken. */
function groupRuns(columns: readonly Group[], onGuess: (group: Group) => void): Group[] {
  const taken = new Set(columns.map(({ name }) => name));
  const groups: Group[] = [];
  for (let at = 0; at < columns.length;) {
    const column = columns[at] as Group;
    const stem = /^(.+)_0$/s.exec(column.name)?.[1];
    let width = 0;
    if (stem !== undefined && !taken.has(stem)) {
      while (columns[at + width]?.width === 1 && columns[at + width]?.name === `${stem}_${width}`) width++;
    }
    if (width >= 2) {
      const group = { name: stem as string, width };
      groups.push(group);
      onGuess(group);
      taken.add(stem as string);
      at += width;
    } else {
      groups.push(column);
      at++;
    }
  }
  return groups;
}
