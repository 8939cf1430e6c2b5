import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { HttpBindings } from "@hono/node-server";
import type { MiddlewareHandler } from "hono";
import { versionPrefix } from "../handle-request.ts";

interface Page {
  type: string;
  read(): string | Buffer<ArrayBuffer>;
}

const folder = "documentation";

const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>hanami-webgpu: API reference</title>
    <link rel="icon" href="${folder}/favicon.png" />
    <link rel="stylesheet" href="${folder}/swagger-ui.css" />
  </head>
  <body>
    <div id="reference"></div>
    <script src="${folder}/swagger-ui-bundle.js"></script>
    <script src="${folder}/start.js"></script>
  </body>
</html>
`;

// No validator: the page contacts no other server.
const start = `SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#reference",
  validatorUrl: null,
  deepLinking: true,
  defaultModelsExpandDepth: -1,
  docExpansion: "list",
  operationsSorter: "alpha",
  tagsSorter: "alpha",
});
`;

/** All resources come from this server; the page's own styles are inline. */
const headers = {
  "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:",
  "Cache-Control": "no-cache",
};

/** The page and its files, by path; each is read on first use. */
function referencePages(): ReadonlyMap<string, Page> {
  const bundle = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));
  const asset = (type: string, name: string): Page => {
    let bytes: Buffer<ArrayBuffer> | undefined;
    return { type, read: () => (bytes ??= readFileSync(join(bundle, name))) };
  };
  const base = `/${versionPrefix}/${folder}`;
  return new Map<string, Page>([
    [base, { type: "text/html; charset=utf-8", read: () => html }],
    [`${base}/start.js`, { type: "text/javascript", read: () => start }],
    [`${base}/swagger-ui.css`, asset("text/css; charset=utf-8", "swagger-ui.css")],
    [`${base}/swagger-ui-bundle.js`, asset("text/javascript", "swagger-ui-bundle.js")],
    [`${base}/favicon.png`, asset("image/png", "favicon-32x32.png")],
  ]);
}

/**
 * Serves the API's reference page, `/v1.0alpha/documentation`: it shows the OpenAPI document of this server and works
 * offline. Any request other than a GET of the page or its four files is passed on to the API.
 */
export function serveReference(): MiddlewareHandler<{ Bindings: Partial<HttpBindings> }> {
  const pages = referencePages();
  return async (c, next) => {
    const page = c.req.method === "GET" ? pages.get(pathOf(c.env?.incoming?.url ?? c.req.url)) : undefined;
    if (page === undefined) return next();
    return c.body(page.read(), 200, { ...headers, "Content-Type": page.type, Server: "Hanami" });
  };
}

/** The path as sent by the client; a URL object would have resolved `..`. */
function pathOf(target: string): string {
  const path = target.startsWith("/") ? target : new URL(target).pathname;
  return path.split("?")[0] as string;
}
