import { z } from "zod";
import { announceDataset } from "../../datasets/announce-dataset.ts";
import { finalizeDataset, type FinalizeInput } from "../../datasets/finalize-dataset.ts";
import { noBytesText } from "../../limits/project-bytes.ts";
import { fields } from "../fields.ts";
import { route, type Route } from "../route.ts";
import { validationTexts as texts } from "../validation-texts.ts";
import { fileUploadOutput, finalizeOutput, toFileUpload } from "./output.ts";
import { announceErrors, fileBytes } from "./upload-size.ts";

type FileType = Exclude<FinalizeInput["type"], "mnist">;

/** What is the same for every kind of file that becomes a dataset alone. */
function announceRoute(type: FileType, file: string) {
  return route({
    method: "POST",
    path: `/dataset/upload/${type}`,
    summary: `Announce the upload of ${file}.`,
    input: z.object({ name: fields.name, input_data_size: fileBytes }),
    output: fileUploadOutput,
    errors: announceErrors("datasets"),
    handler: async (context, { name, input_data_size }) => {
      const files = [{ role: "input" as const, bytes: input_data_size }];
      return toFileUpload(await announceDataset(context, { name, type, files }));
    },
  });
}

const uploaded = z.object({ uuid: fields.uuid, uuid_input_file: fields.uuid, exact: z.boolean().default(false) });

/** `extra` are keys that this kind of file takes besides. */
function finalizeRoute<Extra extends z.core.$ZodLooseShape>(type: FileType, file: string, extra: Extra) {
  return route({
    method: "PUT",
    path: `/dataset/upload/${type}`,
    summary: `Turn ${file} that was uploaded into a dataset.`,
    input: uploaded.extend(extra),
    output: finalizeOutput,
    errors: {
      400: [
        ...("column_name" in extra ? [texts.name("column_name", "{reason}")] : []),
        "Data-set with uuid '{uuid}' was announced as {type}, not as {type}",
        "Data-set can not be imported: {reason}",
      ],
      404: ["Data-set with uuid '{uuid}' not found", "Input-data with uuid '{uuid}' not found."],
      409: [
        "Data-set with uuid '{uuid}' is being finalized already",
        "Upload of data-set with uuid '{uuid}' is not complete: {number} of {number} bytes of its {role}-file have arrived",
        noBytesText(),
      ],
    },
    handler: async (context, input) => {
      const { uuid, warnings } = await finalizeDataset(context, { type, ...(input as z.output<typeof uploaded>) });
      return { uuid, warnings };
    },
  });
}

export const fileUploadRoutes: Route[] = [
  announceRoute("csv", "a CSV file"),
  finalizeRoute("csv", "a CSV file", { has_header: z.boolean().optional() }),
  announceRoute("parquet", "a Parquet file"),
  finalizeRoute("parquet", "a Parquet file", {}),
  announceRoute("arrow", "an Arrow IPC or Feather file"),
  finalizeRoute("arrow", "an Arrow IPC or Feather file", {}),
  announceRoute("npy", "an NPY file"),
  finalizeRoute("npy", "an NPY file", { column_name: fields.columnName.optional() }),
];
