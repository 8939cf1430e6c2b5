import { globals } from "webgpu";

/** The flags that browsers have as globals. */
export const { GPUBufferUsage, GPUMapMode } = globals as Pick<typeof globalThis, "GPUBufferUsage" | "GPUMapMode">;
