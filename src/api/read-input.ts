import type { FieldRule } from "./validate.ts";

const integerText = /^-?[0-9]+$/;
const floatText = /^-?[0-9]+\.[0-9]+$/;

/**
 * Converts a query value. A text that looks like a number becomes one, unless the field is a string and its pattern, if
 * any, accepts the text. `true` and `false` become booleans if the field is one; DELETE has no other way to take them.
 */
function queryValue(rule: FieldRule | undefined, text: string): unknown {
  if (rule?.type === "bool" && (text === "true" || text === "false")) return text === "true";
  const isNumber = integerText.test(text) || floatText.test(text);
  if (!isNumber) return text;
  if (rule?.type === "string" && (rule.pattern === undefined || rule.pattern.test(text))) return text;
  return Number(text);
}

/**
 * Parses a request body; undefined when it is not a JSON object. Returns a map, not an object, so that a key such as
 * `__proto__` is not special.
 */
export function parseBody(text: string): Map<string, unknown> | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return undefined;
  return new Map(Object.entries(parsed));
}

/** The input of a request: the values of the body, overridden by those of the query string. */
export function mergeInput(
  rules: readonly FieldRule[],
  body: ReadonlyMap<string, unknown>,
  query: URLSearchParams,
): Map<string, unknown> {
  const ruleOf = new Map(rules.map((rule) => [rule.key, rule]));
  const values = new Map(body);
  for (const [key, text] of query) {
    const rule = ruleOf.get(key);
    // A client that sends every parameter writes `user_id=` for an absent value.
    if (text === "" && rule?.required === false && rule.pattern !== undefined) continue;
    values.set(key, queryValue(rule, text));
  }
  return values;
}
