import type { z } from "zod";
import type { Context, Visitor } from "../app-context.ts";
import { badRequest, unauthorized } from "../errors.ts";
import type { PatientClient } from "../tasks/wait-for-task.ts";
import type { StreamAnswer } from "./stream-answer.ts";
import { type Alternatives, checkInput, compileRules, type FieldRule } from "./validate.ts";

export type Method = "GET" | "POST" | "PUT" | "DELETE";

/**
 * Texts of an endpoint's own errors by status, for its documentation: `{uuid}` and the like stand for any text. The
 * texts of the token check and of the input checks are added automatically.
 */
export type ErrorTexts = Partial<Record<400 | 401 | 404 | 409, readonly string[]>>;

interface Declaration<Input extends z.ZodObject, Output extends z.ZodType<object, object>, First, Client> {
  method: Method;
  /** Without the version prefix, e.g. `/dataset/all`. */
  path: string;
  /** One sentence for the API documentation. */
  summary: string;
  /**
   * A flat object. A key is required unless it is `.optional()` or has a `.default()`. Declare the items of arrays as
   * `z.unknown()`: the action checks them, because the contract has special texts for them.
   */
  input: Input;
  output: Output;
  errors?: ErrorTexts;
  /** Exactly one of these keys is required; both are `.optional()` in `input`. */
  oneOf?: Alternatives;
  /** Media types of a body that is not JSON; `output` is an empty object then. */
  produces?: readonly string[];
  /** Items of a JSON body, where an endpoint takes more than others. */
  itemsMax?: number;
  /** About three lines: calls one action with the validated input and shapes its result. */
  handler: (first: First, input: z.output<Input>, client: Client) => Promise<z.input<Output> | StreamAnswer>;
}

interface RouteBase {
  method: Method;
  path: string;
  summary: string;
  input: z.ZodObject;
  output: z.ZodType;
  errors?: ErrorTexts;
  oneOf?: Alternatives;
  produces?: readonly string[];
  itemsMax?: number;
  /** Derived from `input`, in alphabetical order. */
  rules: FieldRule[];
}

/** An endpoint for authenticated callers. */
export interface ProtectedRoute extends RouteBase {
  public: false;
  /** For global administrators only. */
  adminOnly: boolean;
  /** Checks the raw input, then runs the handler. Throws HanamiError with the wire text. */
  handle(context: Context, values: ReadonlyMap<string, unknown>, client: PatientClient): Promise<object>;
}

/** An endpoint without authentication. */
export interface PublicRoute extends RouteBase {
  public: true;
  handle(visitor: Visitor, values: ReadonlyMap<string, unknown>): Promise<object>;
}

export type Route = ProtectedRoute | PublicRoute;

function parseInput<Input extends z.ZodObject>(
  { input, rules, oneOf }: { input: Input; rules: FieldRule[]; oneOf?: Alternatives },
  values: ReadonlyMap<string, unknown>,
): z.output<Input> {
  checkInput(rules, values, oneOf);
  // Fills in defaults; it can only reject values inside an array or map.
  const parsed = input.safeParse(Object.fromEntries(values));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw badRequest(`Validation failed, because item '${issue?.path.join(".")}' is not valid: ${issue?.message}`);
}

/**
 * Declares an endpoint; the declaration is also its documentation. An `adminOnly` endpoint answers an empty 401 to
 * callers other than global administrators, regardless of the policy file.
 */
export function route<Input extends z.ZodObject, Output extends z.ZodType<object, object>>(
  declaration: Declaration<Input, Output, Context, PatientClient> & { adminOnly?: true },
): ProtectedRoute {
  const { handler, adminOnly = false, ...base } = declaration;
  const rules = compileRules(base.input);
  return {
    ...base,
    rules,
    public: false,
    adminOnly,
    async handle(context, values, client) {
      const input = parseInput({ ...base, rules }, values);
      if (adminOnly && !context.caller.isAdmin) throw unauthorized("");
      return handler(context, input, client);
    },
  };
}

/** Declares an endpoint without authentication. */
export function publicRoute<Input extends z.ZodObject, Output extends z.ZodType<object, object>>(
  declaration: Declaration<Input, Output, Visitor, undefined>,
): PublicRoute {
  const { handler, ...base } = declaration;
  const rules = compileRules(base.input);
  return {
    ...base,
    rules,
    public: true,
    async handle(visitor, values) {
      return handler(visitor, parseInput({ ...base, rules }, values), undefined);
    },
  };
}
