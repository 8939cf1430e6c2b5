// Writes the SDK's list of dataset formats from the server's compiled table. The SDK is a package of its own and runs
// in browsers, so it cannot import the table. The command line reads the SDK's list.
import { join } from "node:path";
import { root } from "./install.mjs";
import { renew } from "./renew.mjs";

const header = `// Made from src/datasets/formats.ts by scripts/generate-formats.mjs: change that, and run \`npm run build\`.

`;

/** The module's text, as it should be. */
export async function formatsSource() {
  const { EXPORT_FORMATS, fileRoles, FORMAT_NAMES, formats } = await import(join(root, "dist/src/datasets/formats.js"));
  const quoted = (names) => `[${names.map((name) => JSON.stringify(name)).join(", ")}]`;
  const uploads = FORMAT_NAMES.filter((name) => fileRoles(name).length === 1).map((name) => {
    const { upload, options } = formats[name];
    return `  ${name}: { file: ${JSON.stringify(upload)}, options: ${quoted(options)} },\n`;
  });
  return `${header}/** Kinds of files that become a dataset alone, and the further keys that the last step of their upload takes. */
export const uploadFormats = {
${uploads.join("")}} as const;
export type FileFormat = keyof typeof uploadFormats;

/** Kinds of files that a dataset can be downloaded as. */
export const downloadFormats = ${quoted(EXPORT_FORMATS)} as const;
export type DownloadFormat = (typeof downloadFormats)[number];
`;
}

/** Brings the module up to date. */
export const generateFormats = async () => renew(join(root, "sdk/src/formats.ts"), await formatsSource());
