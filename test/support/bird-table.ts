/** Rows of a table whose species follows from the other columns: with missing cells, texts and numbers of any scale. */
export const BIRD_ROWS = 90;
export const SPECIES = ["Adelie", "Chinstrap", "Gentoo"];

const row = (index: number) => {
  const kind = index % 3;
  const beak = index % 10 === 4 ? "NA" : (-30 + 20 * kind + ((index * 7) % 10) / 10).toFixed(1);
  return [String(index), beak, ["Dream", "Biscoe", "Torgersen"][kind], 1000 * (1 + kind) + index, SPECIES[kind]];
};

/** As CSV, with a column of row numbers that has no name. */
export const birdsCsv = (rows = BIRD_ROWS) =>
  [["", "beak", "island", "mass", "species"], ...Array.from({ length: rows }, (_, index) => row(index))]
    .map((cells) => cells.join(","))
    .join("\n")
    .concat("\n");
