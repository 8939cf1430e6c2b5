import { globals } from "webgpu";

/** The flags that are globals in browsers. */
export const { GPUBufferUsage, GPUMapMode } = globals as Pick<typeof globalThis, "GPUBufferUsage" | "GPUMapMode">;
