/**
 * Parquet and Arrow files have columns, but no column groups. Our files define the groups in their metadata; in other
 * files, consecutive columns named `name_0`, `name_1`, … form a group.
 */
export interface Group {
  name: string;
  width: number;
}

/** Key in the files' metadata. */
export const GROUPS_KEY = "hanami.groups";

export const groupsText = (groups: readonly Group[]) => JSON.stringify(groups.map(({ name, width }) => [name, width]));

/**
 * Groups columns. `text` is the metadata's definition; it is ignored when it does not fit the columns, because a
 * program may have changed the file and copied the metadata. Calls `onGuess` for each group that is derived from names
 * alone.
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

/** Two or more single columns `name_0`, `name_1`, … become one group unless its name is taken. */
export function groupRuns(columns: readonly Group[], onGuess: (group: Group) => void = () => {}): Group[] {
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
