import { z } from "zod";
import { announceDataset } from "../../datasets/announce-dataset.ts";
import { finalizeDataset } from "../../datasets/finalize-dataset.ts";
import { noBytesText } from "../../limits/project-bytes.ts";
import { fields } from "../fields.ts";
import { route } from "../route.ts";
import { finalizeOutput, mnistUploadOutput, toMnistUpload } from "./output.ts";
import { announceErrors, fileBytes } from "./upload-size.ts";

export const postMnistUpload = route({
  method: "POST",
  path: "/dataset/upload/mnist",
  summary: "Announce the upload of a pair of IDX files.",
  input: z.object({ name: fields.name, input_data_size: fileBytes, label_data_size: fileBytes }),
  output: mnistUploadOutput,
  errors: announceErrors("datasets"),
  handler: async (context, { name, input_data_size, label_data_size }) => {
    const files = [
      { role: "input" as const, bytes: input_data_size },
      { role: "label" as const, bytes: label_data_size },
    ];
    return toMnistUpload(await announceDataset(context, { name, type: "mnist", files }));
  },
});

export const putMnistUpload = route({
  method: "PUT",
  path: "/dataset/upload/mnist",
  summary: "Turn an uploaded pair of IDX files into a dataset.",
  input: z.object({ uuid: fields.uuid, uuid_input_file: fields.uuid, uuid_label_file: fields.uuid }),
  output: finalizeOutput,
  errors: {
    400: [
      "Data-set with uuid '{uuid}' was announced as {type}, not as {type}",
      "Data-set can not be imported: {reason}",
    ],
    404: [
      "Data-set with uuid '{uuid}' not found",
      "Input-data with uuid '{uuid}' not found.",
      "Label-data with uuid '{uuid}' not found.",
    ],
    409: [
      "Data-set with uuid '{uuid}' is being finalized already",
      "Upload of data-set with uuid '{uuid}' is not complete: {number} of {number} bytes of its {role}-file have arrived",
      noBytesText(),
    ],
  },
  handler: async (context, input) => {
    const { uuid, warnings } = await finalizeDataset(context, { type: "mnist", ...input });
    return { uuid, warnings };
  },
});
