import fc from "fast-check";
import { expect, test } from "vitest";
import { CsvReader, type CsvRow } from "../../src/datasets/import/csv-reader.ts";

function read(pieces: string[]): { rows: CsvRow[]; lineEnds: object } | string {
  const rows: CsvRow[] = [];
  const reader = new CsvReader((row) => rows.push(row));
  try {
    for (const piece of pieces) reader.write(piece);
    reader.end();
  } catch (error) {
    return (error as Error).message;
  }
  return { rows, lineEnds: reader.lineEnds };
}

test("a text gives the same rows however it is cut into pieces", () => {
  const text = fc.string({
    unit: fc.constantFrom("a", "1", ",", '"', '"', " ", "\n", "\r", "\r\n", "\u3000"),
    maxLength: 40,
  });
  let whole = 0;
  fc.assert(
    fc.property(text, fc.array(fc.nat(40)), (csv, cuts) => {
      const places = [0, ...cuts.filter((cut) => cut < csv.length).toSorted((a, b) => a - b), csv.length];
      const pieces = places.slice(1).map((end, index) => csv.slice(places[index], end));
      const expected = read([csv]);
      if (typeof expected !== "string") whole++;
      expect(read(pieces)).toEqual(expected);
    }),
    { numRuns: 2000 },
  );
  expect(whole).toBeGreaterThan(200);
});

test("rows know the line in which they begin", () => {
  const outcome = read(['a,"b\nc"\r\n\n', '"1\n\n', '2",3\r4,5']);
  expect(outcome).toEqual({
    rows: [
      { cells: ["a", "b\nc"], line: 1, trimmed: 0, quoted: [1] },
      { cells: [""], line: 3, trimmed: 0, quoted: [] },
      { cells: ["1\n\n2", "3"], line: 4, trimmed: 0, quoted: [0] },
      { cells: ["4", "5"], line: 7, trimmed: 0, quoted: [] },
    ],
    lineEnds: { CRLF: 1, LF: 1, CR: 1 },
  });
});

test("other delimiters separate cells, also tabs, which are blanks elsewhere; line breaks in quotes are counted", () => {
  for (const delimiter of [";", "\t", "|"]) {
    const rows: string[][] = [];
    const reader = new CsvReader(({ cells }) => rows.push(cells), delimiter);
    reader.write(`a, b${delimiter}"x${delimiter}y"\n${delimiter}"1\n2"\n`);
    reader.end();
    expect(rows).toEqual([
      ["a, b", `x${delimiter}y`],
      ["", "1\n2"],
    ]);
    expect(reader.broken).toEqual({ count: 1, line: 2 });
  }
});
