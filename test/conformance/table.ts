/** A row of docs/conformance.md. */
export interface Row {
  cells: string[];
  /** `works`, or what went wrong. */
  state: string;
}

function table(header: string[], rows: Row[]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const all = rows.map(({ cells: [name = "", ...rest], state }) =>
    line([name === "–" ? name : `\`${name}\``, ...rest, state.replaceAll("\n", " ").slice(0, 200)]),
  );
  return [line([...header, "state"]), line([...header, "state"].map(() => "---")), ...all].join("\n");
}

/** The whole document. */
export function conformanceDocument(rows: { endpoints: Row[]; added: Row[]; cli: Row[]; sdk: Row[] }): string {
  return `# Conformance

Written by the test run: \`npm run conformance\`. \`test/conformance/table.test.ts\` carries every row out against a real
server and fails when this file says anything else.

What each endpoint answers to every wrong input is in \`test/conformance/rest.test.ts\` (the contract's examples),
\`hostile.test.ts\`, \`access.test.ts\` (roles and ownership) and \`sockets.test.ts\` (uploads and direct IO);
\`upstream.test.ts\` goes the way of upstream's own SDK test.

## REST endpoints of the contract

${table(["endpoint", "who", "contract, section"], rows.endpoints)}

## REST endpoints that are ours

${table(["endpoint", "who", "contract, section"], rows.added)}

## Commands

${table(["command", "ours"], rows.cli)}

## SDK functions

Upstream's name, and what the TypeScript SDK offers for it.

${table(["function", "ours"], rows.sdk)}
`;
}
