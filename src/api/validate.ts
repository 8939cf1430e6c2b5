import { z } from "zod";
import { badRequest } from "../errors.ts";
import { validationTexts as texts } from "./validation-texts.ts";

type TypeWord = "int" | "float" | "bool" | "string" | "array" | "map";

/** Rule of the contract's checks for one key of an input. */
export interface FieldRule {
  key: string;
  type: TypeWord;
  required: boolean;
  pattern: RegExp | undefined;
  minimum: number | undefined;
  maximum: number | undefined;
  minLength: number | undefined;
  maxLength: number | undefined;
  /** A text that stands for a value of the type. */
  word: string | undefined;
}

const typeWords: Record<string, TypeWord> = {
  integer: "int",
  number: "float",
  boolean: "bool",
  string: "string",
  array: "array",
  object: "map",
};

const alphabetically = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** The contract checks a choice by a regex, too, like that of `new_state`. */
function patternOf({ enum: choices, pattern }: { enum?: unknown[]; pattern?: string }): RegExp | undefined {
  if (choices !== undefined) return new RegExp(`^(${choices.map((choice) => escaped(String(choice))).join("|")})$`);
  return pattern === undefined ? undefined : new RegExp(pattern);
}

/** Derives the rules from the declaration, so that one schema serves validation and documentation. */
export function compileRules(input: z.ZodObject): FieldRule[] {
  const schema = z.toJSONSchema(input, { io: "input" });
  const required = new Set(schema.required);
  return Object.entries(schema.properties ?? {})
    .map(([key, declared]): FieldRule => {
      const { property, word } = typeof declared === "object" ? withoutWord(declared) : { property: declared };
      const type = typeof property === "object" ? typeWords[String(property.type)] : undefined;
      if (typeof property !== "object" || type === undefined) throw new Error(`input '${key}' needs one plain type`);
      const isNumber = type === "int" || type === "float";
      return {
        key,
        type,
        required: required.has(key),
        pattern: patternOf(property),
        minimum: isNumber ? property.minimum : undefined,
        maximum: isNumber ? property.maximum : undefined,
        minLength: property.minLength,
        maxLength: property.maxLength,
        word,
      };
    })
    .sort((a, b) => alphabetically(a.key, b.key));
}

type Property = z.core.JSONSchema.BaseSchema;

/** Splits a type that a word may stand for, such as a number or `auto`. */
function withoutWord(property: Property): { property: Property; word?: string } {
  const [plain, { const: word } = {}] = property.anyOf ?? [];
  return plain === undefined || typeof word !== "string" ? { property } : { property: plain, word };
}

/** Counts code points, as JSON schema and zod do: a surrogate pair is one character. */
const charactersOf = (text: string) => text.length - (text.match(/[\u{10000}-\u{10FFFF}]/gu)?.length ?? 0);

function hasType(value: unknown, type: TypeWord): boolean {
  switch (type) {
    case "int":
      return Number.isInteger(value);
    case "float":
      return typeof value === "number";
    case "bool":
      return typeof value === "boolean";
    case "string":
      return typeof value === "string";
    case "array":
      return Array.isArray(value);
    case "map":
      return typeof value === "object" && value !== null && !Array.isArray(value);
  }
}

/** A multiple of four, so that no group of base64 is split. */
const JUDGED_LENGTH = 16_384;

function checkValue(rule: FieldRule, value: unknown): void {
  const { key } = rule;
  if (rule.word !== undefined && value === rule.word) return;
  if (!hasType(value, rule.type)) {
    throw badRequest(texts.type(key, rule.type));
  }
  if (typeof value === "string") {
    // A far too long text is judged by its beginning: a pattern with a repeated group takes 50 ns and stack space for
    // each four characters.
    const judged = rule.maxLength === undefined ? value : value.slice(0, Math.max(rule.maxLength, JUDGED_LENGTH));
    if (rule.pattern !== undefined && !rule.pattern.test(judged)) {
      throw badRequest(texts.pattern(key, rule.pattern.source));
    }
    if (rule.minLength !== undefined && charactersOf(value) < rule.minLength) {
      throw badRequest(texts.shorter(key, rule.minLength));
    }
    if (rule.maxLength !== undefined && charactersOf(value) > rule.maxLength) {
      throw badRequest(texts.longer(key, rule.maxLength));
    }
  }
  if (typeof value === "number") {
    if (rule.minimum !== undefined && value < rule.minimum) {
      throw badRequest(texts.smaller(key, rule.minimum));
    }
    if (rule.maximum !== undefined && value > rule.maximum) {
      throw badRequest(texts.bigger(key, rule.maximum));
    }
  }
}

/** Two keys of which an input needs exactly one: the usual key and its alternative. */
export type Alternatives = readonly [string, string];

/** The contract's checks in the contract's order; only the first problem is reported. Throws bad_request. */
export function checkInput(
  rules: readonly FieldRule[],
  values: ReadonlyMap<string, unknown>,
  oneOf?: Alternatives,
): void {
  const known = new Map(rules.map((rule) => [rule.key, rule]));
  const given = [...values.keys()].sort(alphabetically);
  for (const key of given) {
    if (!known.has(key)) throw badRequest(texts.unknownKey(key));
  }
  for (const rule of rules) {
    if (rule.required && !values.has(rule.key)) throw badRequest(texts.required(rule.key));
    if (rule.key === oneOf?.[0] && !oneOf.some((key) => values.has(key))) throw badRequest(texts.required(rule.key));
  }
  for (const rule of rules) {
    if (values.has(rule.key)) checkValue(rule, values.get(rule.key));
  }
  if (oneOf?.every((key) => values.has(key)) === true) throw badRequest(texts.oneOf(...oneOf));
}
