import { z } from "zod";

export const tokenOutput = z.object({ id: z.string(), is_admin: z.boolean(), name: z.string(), token: z.string() });
