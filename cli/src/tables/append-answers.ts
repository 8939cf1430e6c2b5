import { TableError, namedRows, type CsvDialect, type PredictedTable } from "hanami-sdk";
import { CliError } from "../errors.ts";
import { CsvBytes } from "./csv-bytes.ts";
import { tableLines } from "./table-lines.ts";

/** What is written at once. */
const PIECE_LENGTH = 65_536;

/** The names of the columns of answers beside those of a file: one that is there already gets `_` behind it. */
function freeNames(names: readonly string[], taken: readonly string[]): string[] {
  const used = new Set(taken);
  return names.map((name) => {
    let free = name;
    while (used.has(free)) free += "_";
    used.add(free);
    return free;
  });
}

/**
 * A CSV file with answers behind the cells of each row; everything else is as it was, byte for byte. Rows that the
 * server leaves out have no answers. Throws CliError when file and answers have different numbers of rows.
 */
export async function* appendAnswers(
  path: string,
  dialect: CsvDialect,
  table: PredictedTable,
  warn: (text: string) => void,
): AsyncGenerator<Buffer> {
  const bytes = new CsvBytes(path, dialect);
  const { delimiter, decimal } = dialect;
  const labels = table.columns.map((name) => table.labels.includes(name));
  const cellOf = (text: string) => bytes.fromText(quoted(text, delimiter));
  const behind = (cells: readonly string[]) => cells.map((cell) => delimiter + cellOf(cell)).join("");
  const answers = namedRows(await table.download("csv"));
  let rows = 0;
  let text = "";
  yield bytes.mark;
  try {
    for await (const line of tableLines(bytes, dialect)) {
      if (line.kind === "names") {
        const own = line.cells.map((cell) => bytes.toText(cell));
        const names = freeNames(table.columns, own);
        const renamed = names.filter((name, at) => name !== table.columns[at]);
        if (renamed.length > 0) warn(`the file has columns of the same names: the new ones are ${renamed.join(", ")}`);
        text += line.text + behind(names) + line.end;
      } else if (line.kind === "row") {
        rows++;
        const { done, value } = await answers.next();
        if (done === true) break;
        const cells = value.cells.map((cell, at) => (decimal === "," && !labels[at] ? cell.replace(".", ",") : cell));
        text += line.text + behind(cells) + line.end;
      } else text += line.text + line.end;
      if (text.length < PIECE_LENGTH) continue;
      yield bytes.bytesOf(text);
      text = "";
    }
    yield bytes.bytesOf(text);
    if (rows !== table.rows || (await answers.next()).done !== true) {
      throw new CliError(`The file has other rows than the ${table.rows} that the server has read`);
    }
  } catch (error) {
    throw error instanceof TableError ? new CliError(error.message) : error;
  } finally {
    await answers.return(undefined);
  }
}

/** A cell, in quotes where it needs them. */
const quoted = (text: string, delimiter: string) =>
  text.includes(delimiter) || /["\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
