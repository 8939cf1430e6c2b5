import { openGpu, UnusableAdapterError } from "../../src/kernels/webgpu/device.ts";
import { GpuNetwork, type OnGpu } from "../../src/kernels/webgpu/gpu-network.ts";
import { Kernels } from "../../src/kernels/webgpu/kernels.ts";
import { provideSoftwareVulkan } from "../../src/kernels/webgpu/software-vulkan.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { CLASSES, type Digits } from "./digits.ts";
import { TEMPLATE } from "./template.ts";

/** Opens the machine's GPU, or the software device. Ends the process if there is none. */
export async function openDevice({ software }: { software: boolean }): Promise<OnGpu> {
  if (software) await provideSoftwareVulkan();
  try {
    const gpu = await openGpu();
    return { gpu, kernels: new Kernels(gpu) };
  } catch (error) {
    if (!(error instanceof UnusableAdapterError)) throw error;
    console.error(`Nothing to measure: ${error.message}. The option --software takes the software device.`);
    process.exit(1);
  }
}

/** Creates a network on the device, with these rows as its table "digits". */
export async function createGpuNetwork(on: OnGpu, digits: Digits, seed = 1): Promise<GpuNetwork> {
  const network = await GpuNetwork.create(on, parseTemplate(TEMPLATE), seed);
  const rows = digits.count;
  const inputs = deviceInputs(digits);
  const expected = [{ index: 0, width: CLASSES, values: digits.labels }];
  const table = { key: "digits", rowsTotal: rows, first: 0, rows, timeLength: 1, inputs, expected };
  if (!(await network.keepTable(table, Infinity))) throw new Error("the device has no room for the rows");
  return network;
}

/** The pictures in the form that a network on a GPU takes. */
export const deviceInputs = ({ width, pixels }: Digits) => [{ index: 0, width, values: pixels }];
