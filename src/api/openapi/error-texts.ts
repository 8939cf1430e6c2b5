import { apiKeyTexts } from "../../accounts/authenticate-key.ts";
import type { Route } from "../route.ts";
import { versionPrefix } from "../handle-request.ts";
import { validationTexts as texts } from "../validation-texts.ts";

const tokenTexts = [
  ...["invalid token supplied", "invalid signature", "token expired", "wrong algorithm"].map(
    (reason) => `Failed to validate JWT-Token with error: ${reason}`,
  ),
  "ACCESS DENIED!\nUser or passphrase is incorrect.",
  "User with id '{id}' is not assigned to the project with id '{project_id}'.",
  "Access denied by policy",
  ...apiKeyTexts,
];

/** Error texts of the checks of an endpoint's input. */
function inputTexts(route: Route): string[] {
  const found: string[] = [];
  if (route.method === "POST" || route.method === "PUT") {
    found.push(`Failed to pasre uri: /${versionPrefix}${route.path}`);
    found.push("Request body is bigger than {number} bytes.", "Request body has more than {number} items.");
  }
  found.push(texts.unknownKey("{key}"));
  if (route.oneOf !== undefined) found.push(texts.required(route.oneOf[0]), texts.oneOf(...route.oneOf));
  for (const { key, required, type, pattern, minLength, maxLength, minimum, maximum } of route.rules) {
    if (required) found.push(texts.required(key));
    // A query value that is no number is a string.
    found.push(texts.type(key, type));
    if (pattern !== undefined) found.push(texts.pattern(key, pattern.source));
    if (minLength !== undefined) found.push(texts.shorter(key, minLength));
    if (maxLength !== undefined) found.push(texts.longer(key, maxLength));
    if (minimum !== undefined) found.push(texts.smaller(key, minimum));
    if (maximum !== undefined) found.push(texts.bigger(key, maximum));
  }
  return found;
}

/**
 * All error texts of an endpoint, by status; `{…}` stands for any text. An empty text means an answer without a body.
 */
export function errorTexts(route: Route): Record<400 | 401 | 404 | 409, readonly string[]> {
  const { errors = {} } = route;
  const access = route.public ? [] : [...tokenTexts, ...(route.adminOnly ? [""] : [])];
  return {
    400: [...new Set([...inputTexts(route), ...(errors[400] ?? [])])],
    401: [...new Set([...access, ...(errors[401] ?? [])])],
    404: errors[404] ?? [],
    409: [...(errors[409] ?? []), ...(route.public ? [] : ["Too many requests."])],
  };
}
