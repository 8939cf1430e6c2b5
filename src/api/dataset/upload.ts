import { z } from "zod";
import { announceDataset } from "../../datasets/announce-dataset.ts";
import { finalizeDataset } from "../../datasets/finalize-dataset.ts";
import { fileRoles, FORMAT_NAMES, formats, type FileRole, type FormatName } from "../../datasets/formats.ts";
import { DELIMITERS, ENCODINGS, type ImportOptions } from "../../datasets/import/import-job.ts";
import { noBytesText } from "../../limits/project-bytes.ts";
import { fields } from "../fields.ts";
import { route, type Route } from "../route.ts";
import { validationTexts as texts } from "../validation-texts.ts";
import { fileKey, finalizeOutput, toUpload, uploadOutput } from "./output.ts";
import { announceErrors, fileBytes } from "./upload-size.ts";

/** Names in lists, which a request may hold many of. */
const NAMES_MAX = 65_536;
const MARKS_MAX = 1000;

const optionFields = {
  exact: z.boolean().default(false),
  has_header: z.boolean().optional(),
  column_name: fields.columnName.optional(),
  drop: z.array(fields.columnName).max(NAMES_MAX).optional(),
  kinds: z.record(fields.columnName, z.enum(["number", "category", "time"])).optional(),
  missing: z.array(z.string().max(254)).max(MARKS_MAX).optional(),
  delimiter: z.enum(Object.keys(DELIMITERS) as (keyof typeof DELIMITERS)[]).optional(),
  decimal: z.enum([".", ","]).optional(),
  encoding: z.enum(ENCODINGS).optional(),
} satisfies Record<keyof ImportOptions, z.ZodType>;

const sizeKey = (role: FileRole) => `${role}_data_size` as const;

/** An object with one key per word. Its type has the keys of all possible words, even if fewer are given. */
const each = <Word, Key extends string, Value>(words: readonly Word[], entry: (word: Word) => readonly [Key, Value]) =>
  Object.fromEntries(words.map(entry)) as Record<Key, Value>;

function announceRoute(type: FormatName): Route {
  const roles = fileRoles(type);
  return route({
    method: "POST",
    path: `/dataset/upload/${type}`,
    summary: `Announce the upload of ${formats[type].upload}.`,
    input: z.object({ name: fields.name, ...each(roles, (role) => [sizeKey(role), fileBytes]) }),
    output: uploadOutput(roles),
    errors: announceErrors("datasets"),
    handler: async (context, { name, ...sizes }) => {
      const files = roles.map((role) => ({ role, bytes: sizes[sizeKey(role)] }));
      return toUpload(await announceDataset(context, { name, type, files }), roles);
    },
  });
}

function finalizeRoute(type: FormatName): Route {
  const roles = fileRoles(type);
  const { upload, uploaded = `${upload} that was uploaded`, options } = formats[type];
  return route({
    method: "PUT",
    path: `/dataset/upload/${type}`,
    summary: `Turn ${uploaded} into a dataset.`,
    input: z.object({
      uuid: fields.uuid,
      ...each(roles, (role) => [fileKey(role), fields.uuid]),
      ...each(options, (option) => [option, optionFields[option]]),
    }),
    output: finalizeOutput,
    errors: {
      400: [
        ...(options.includes("column_name") ? [texts.name("column_name", "{reason}")] : []),
        ...(options.includes("drop") ? ["Validation failed, because item '{item}' is not valid: {reason}"] : []),
        "Data-set with uuid '{uuid}' was announced as {type}, not as {type}",
        "Data-set can not be imported: {reason}",
      ],
      404: [
        "Data-set with uuid '{uuid}' not found",
        ...roles.map((role) => `${role === "input" ? "Input" : "Label"}-data with uuid '{uuid}' not found.`),
      ],
      409: [
        "Data-set with uuid '{uuid}' is being finalized already",
        "Upload of data-set with uuid '{uuid}' is not complete: {number} of {number} bytes of its {role}-file have arrived",
        noBytesText(),
      ],
    },
    handler: async (context, input) => {
      const { uuid, warnings } = await finalizeDataset(context, {
        type,
        uuid: input.uuid,
        files: each(roles, (role) => [role, input[fileKey(role)]]),
        options: each(options, (option) => [option, input[option]]) as ImportOptions,
      });
      return { uuid, warnings };
    },
  });
}

export const uploadRoutes: Route[] = FORMAT_NAMES.flatMap((type) => [announceRoute(type), finalizeRoute(type)]);
