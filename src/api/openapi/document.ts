import { z } from "zod";
import { outageTexts } from "../../server/outage.ts";
import { versionPrefix } from "../handle-request.ts";
import type { Route } from "../route.ts";
import { errorTexts } from "./error-texts.ts";

const info = {
  title: "hanami-webgpu",
  version: "v1.0alpha",
  description: [
    "Compute server for growing neural networks. Wire-compatible with OpenHanami.",
    "",
    "- Log in with `POST /token` (the passphrase in base64, or plain as `password`) and send the token as " +
      "`X-Auth-Token`, or an API key of `POST /token/key` there.",
    "- The input of POST and PUT is a JSON object, whatever the `Content-Type` says. Values in the query override " +
      "those of the body. GET and DELETE read the query only.",
    "- A success is always 200 with JSON; an error is a bare text, and 500 is empty unless the server is " +
      "short of its database or disk. In the texts below, names in braces stand for any text.",
    "- Files are uploaded and single samples exchanged over a websocket on the same port, see `proto/hanami.proto`.",
  ].join("\n"),
};

const statusNames: Record<string, string> = {
  400: "The input does not fit.",
  401: "No valid token, or not allowed.",
  404: "There is no such thing, or not for this caller.",
  409: "The thing exists already, is in a state that forbids it, or would be beyond a limit.",
};

/** `GET /dataset/upload/csv` → `getDatasetUploadCsv`. */
function operationId(route: Route): string {
  const words = route.path.split(/[^a-zA-Z0-9]+/).filter((word) => word !== "");
  return route.method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}

function schemaOf(type: z.ZodType, io: "input" | "output"): Record<string, unknown> {
  const { $schema: _, ...schema } = z.toJSONSchema(type, { io });
  return schema;
}

function describeInput(route: Route): Record<string, unknown> {
  const {
    properties = {},
    required = [],
    ...schema
  } = schemaOf(route.input, "input") as {
    properties?: Record<string, object>;
    required?: string[];
  };
  const keys = Object.keys(properties);
  if (route.method === "POST" || route.method === "PUT") {
    const alternatives = route.oneOf?.map((key) => ({ required: [key] }));
    const body = {
      ...schema,
      properties,
      required,
      ...(alternatives && { oneOf: alternatives }),
      additionalProperties: false,
    };
    return { requestBody: { required: true, content: { "application/json": { schema: body } } } };
  }
  if (keys.length === 0) return {};
  const parameters = keys.map((name) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema: properties[name],
  }));
  return { parameters };
}

function describeOutput({ output, produces }: Route): Record<string, unknown> {
  if (produces === undefined) return { "text/json": { schema: schemaOf(output, "output") } };
  // OpenAPI 3.1 describes binary files by an empty schema.
  return Object.fromEntries(produces.map((type) => [type, { schema: {} }]));
}

function describeErrors(route: Route): Record<string, unknown> {
  const responses: Record<string, unknown> = {};
  for (const [status, texts] of Object.entries(errorTexts(route))) {
    if (texts.length === 0) continue;
    const examples = Object.fromEntries(texts.map((value, index) => [`text${index + 1}`, { value }]));
    responses[status] = {
      description: statusNames[status],
      ...(status === "409" ? { headers: { "Retry-After": { $ref: "#/components/headers/RetryAfter" } } } : {}),
      content: { "text/plain": { schema: { type: "string" }, examples } },
    };
  }
  return responses;
}

function describe(route: Route): Record<string, unknown> {
  const isAdminOnly = !route.public && route.adminOnly;
  return {
    operationId: operationId(route),
    tags: [route.path.split("/")[1]],
    summary: route.summary,
    ...(isAdminOnly ? { description: "For global administrators." } : {}),
    ...(route.public ? { security: [] } : {}),
    ...describeInput(route),
    responses: {
      200: {
        description: "Done.",
        content: describeOutput(route),
      },
      ...describeErrors(route),
      500: { $ref: "#/components/responses/InternalError" },
    },
  };
}

/** The OpenAPI 3.1 document of the given endpoints, derived from their declarations. */
export function openApiDocument(routes: readonly Route[]) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = describe(route);
  return {
    openapi: "3.1.0",
    info,
    servers: [{ url: `/${versionPrefix}` }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: "apiKey", in: "header", name: "X-Auth-Token" } },
      headers: {
        RetryAfter: {
          description: "With `Too many …` and with the text of a 500: seconds until it is worth asking again.",
          schema: { type: "integer", minimum: 1 },
        },
      },
      responses: {
        InternalError: {
          description:
            "Empty: a defect of the server, which keeps the reason in its error log. With a text: it can not work at " +
            "the moment; ask again later.",
          headers: { "Retry-After": { $ref: "#/components/headers/RetryAfter" } },
          content: { "text/plain": { schema: { type: "string", enum: ["", ...Object.values(outageTexts)] } } },
        },
      },
    },
  };
}
