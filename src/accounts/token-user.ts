import { z } from "zod";

/** A token's claims about its user; their names and meaning are part of the contract. */
export const tokenUser = z.object({
  created_at: z.string(),
  creator_id: z.string(),
  id: z.string(),
  is_admin: z.boolean(),
  is_project_admin: z.boolean(),
  name: z.string(),
  project_id: z.string(),
  role: z.string(),
});

export type TokenUser = z.output<typeof tokenUser>;
