import type { FieldRule } from "./validate.ts";

const integerText = /^-?[0-9]+$/;
const floatText = /^-?[0-9]+\.[0-9]+$/;

/**
 * A query value is a number when it looks like one. Only where the field is a string that would take the text as it
 * stands does it stay one: the type follows the field. `true` and `false` are booleans where the field is one; DELETE
 * has no other way to take them.
 */
function queryValue(rule: FieldRule | undefined, text: string): unknown {
  if (rule?.type === "bool" && (text === "true" || text === "false")) return text === "true";
  const isNumber = integerText.test(text) || floatText.test(text);
  if (!isNumber) return text;
  if (rule?.type === "string" && (rule.pattern === undefined || rule.pattern.test(text))) return text;
  return Number(text);
}

/**
 * Parses a request body. Undefined when it is not a JSON object. A map instead of an object, so that a key such as
 * `__proto__` is a key like any other.
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

/** The input of a request: the body's keys, overridden by those of the query string. */
export function mergeInput(
  rules: readonly FieldRule[],
  body: ReadonlyMap<string, unknown>,
  query: URLSearchParams,
): Map<string, unknown> {
  const ruleOf = new Map(rules.map((rule) => [rule.key, rule]));
  const values = new Map(body);
  for (const [key, text] of query) {
    const rule = ruleOf.get(key);
    // `user_id=` from a client that fills in every parameter: no text is what it means to say.
    if (text === "" && rule?.required === false && rule.pattern !== undefined) continue;
    values.set(key, queryValue(rule, text));
  }
  return values;
}
