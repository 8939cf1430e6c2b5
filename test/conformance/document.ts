/** The parts of an OpenAPI document that the tests read. */
export interface JsonSchema {
  type?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  pattern?: string;
  enum?: string[];
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  default?: unknown;
  items?: JsonSchema;
  /** A plain type, or a word that stands for one of its values. */
  anyOf?: [JsonSchema, { const: string }];
}

export interface Operation {
  operationId: string;
  summary: string;
  description?: string;
  security?: object[];
  parameters?: { name: string; required: boolean; schema: JsonSchema }[];
  requestBody?: { content: { "application/json": { schema: JsonSchema } } };
  responses: Record<
    string,
    { content?: Record<string, { schema: JsonSchema; examples?: Record<string, { value: string }> }> }
  >;
}

export interface OpenApiDocument {
  paths: Record<string, Record<string, Operation>>;
  security: object[];
  components: { responses: { InternalError: { content: { "text/plain": { schema: JsonSchema } } } } };
}

/** One endpoint of the document, as the tests walk it. */
export interface Endpoint {
  method: string;
  /** Without the version. */
  path: string;
  operation: Operation;
  properties: Record<string, JsonSchema>;
  required: readonly string[];
}

export function endpointsOf(document: OpenApiDocument): Endpoint[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const body = operation.requestBody?.content["application/json"].schema;
      const parameters = operation.parameters ?? [];
      return {
        method: method.toUpperCase(),
        path,
        operation,
        properties: body?.properties ?? Object.fromEntries(parameters.map(({ name, schema }) => [name, schema])),
        required: body?.required ?? parameters.filter(({ required }) => required).map(({ name }) => name),
      };
    }),
  );
}

/** The documented texts of a status; `{…}` stands for any text. */
export function textsOf({ operation }: Endpoint, status: number): string[] {
  const response = operation.responses[String(status)];
  return Object.values(response?.content?.["text/plain"]?.examples ?? {}).map(({ value }) => value);
}

/** Whether an answer's text is one of the documented ones. */
export function isDocumented(endpoint: Endpoint, status: number, text: string): boolean {
  return textsOf(endpoint, status).some((template) => {
    const parts = template.split(/\{[a-z_]+\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    return new RegExp(`^${parts.join("[^]*")}$`).test(text);
  });
}

const escaped = (choice: string) => choice.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** The regex that a text must match; an enum becomes one, too. */
export function patternOf(schema: JsonSchema | undefined): string | undefined {
  return schema?.pattern ?? (schema?.enum && `^(${schema.enum.map(escaped).join("|")})$`);
}
