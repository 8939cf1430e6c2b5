import { z } from "zod";
import { publicRoute, type Route } from "../route.ts";
import { openApiDocument } from "./document.ts";

/** Adds an endpoint that describes the given endpoints and itself. */
export function withOpenApi(routes: readonly Route[]): readonly Route[] {
  const all: Route[] = [...routes];
  let document: ReturnType<typeof openApiDocument> | undefined;
  all.push(
    publicRoute({
      method: "GET",
      path: "/openapi.json",
      summary: "This description of the API, as an OpenAPI 3.1 document.",
      input: z.object({}),
      output: z.looseObject({ openapi: z.string() }),
      handler: async () => (document ??= openApiDocument(all)),
    }),
  );
  return all;
}
