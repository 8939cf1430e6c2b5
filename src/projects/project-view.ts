import { projects } from "../db/schema/index.ts";
import { notFound } from "../errors.ts";

export interface ProjectView {
  created_at: Date;
  creator_id: string;
  id: string;
  name: string;
}

/** The columns of a project that clients see. */
export const projectColumns = {
  created_at: projects.created_at,
  creator_id: projects.creator_id,
  id: projects.id,
  name: projects.name,
};

export const unknownProject = (id: string) => notFound(`Project with id '${id}' not found`);
