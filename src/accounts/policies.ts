import { readFile } from "node:fs/promises";
import type { Caller } from "./caller.ts";
import { StartError } from "../errors.ts";

const methods = ["GET", "POST", "PUT", "DELETE"] as const;
type Method = (typeof methods)[number];

/** Endpoint (without leading slash) → method → allowed roles. Anything not listed is denied. */
export type Policies = ReadonlyMap<string, ReadonlyMap<Method, ReadonlySet<string>>>;

/** An unusable policy file. */
export class PolicyError extends StartError {
  constructor(message: string) {
    super(message);
    this.name = "PolicyError";
  }
}

interface Token {
  text: string;
  line: number;
}

/** Splits into words (endpoints, methods, roles) and the marks `-` `:` `,`. A `-` inside a word belongs to the word. */
function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  source.split("\n").forEach((content, index) => {
    const line = index + 1;
    const pattern = /\s+|[:,-]|[a-zA-Z_0-9/.][a-zA-Z_0-9/\-.]*/gy;
    while (pattern.lastIndex < content.length) {
      const column = pattern.lastIndex + 1;
      const match = pattern.exec(content);
      if (match === null) throw new PolicyError(`line ${line}, column ${column}: unexpected '${content[column - 1]}'`);
      if (match[0].trim() !== "") tokens.push({ text: match[0], line });
    }
  });
  return tokens;
}

const isMark = (text: string) => text === "-" || text === ":" || text === ",";
const isMethod = (text: string): text is Method => (methods as readonly string[]).includes(text);

/**
 * Parses a policy file: endpoints, each followed by one or more `- METHOD: role, role` entries; white space is
 * insignificant. The first definition of an endpoint wins. Throws PolicyError with the line.
 */
export function parsePolicies(source: string): Policies {
  const tokens = tokenize(source);
  const policies = new Map<string, Map<Method, Set<string>>>();
  let position = 0;

  const fail = (expected: string): never => {
    const token = tokens[position];
    throw new PolicyError(
      token === undefined
        ? `the file ends where ${expected} should be`
        : `line ${token.line}: expected ${expected}, but found '${token.text}'`,
    );
  };
  const peek = () => tokens[position]?.text;
  const word = (expected: string): string => {
    const text = peek();
    if (text === undefined || isMark(text)) return fail(expected);
    position += 1;
    return text;
  };
  const mark = (text: string) => {
    if (peek() !== text) fail(`'${text}'`);
    position += 1;
  };

  while (position < tokens.length) {
    const endpoint = word("an endpoint");
    const rules = new Map<Method, Set<string>>();
    if (peek() !== "-") fail("'-'");
    while (peek() === "-") {
      position += 1;
      const method = peek();
      if (method === undefined || !isMethod(method)) return fail("GET, POST, PUT or DELETE");
      position += 1;
      mark(":");
      const roles = rules.get(method) ?? new Set<string>();
      roles.add(word("a role"));
      while (peek() === ",") {
        position += 1;
        roles.add(word("a role"));
      }
      rules.set(method, roles);
    }
    if (!policies.has(endpoint)) policies.set(endpoint, rules);
  }
  return policies;
}

/** Reads and parses a policy file. Throws PolicyError with the name of the file. */
export async function loadPolicies(file: string): Promise<Policies> {
  let source: string;
  try {
    source = await readFile(file, "utf8");
  } catch (error) {
    throw new PolicyError(`The policy file ${file} cannot be read: ${(error as Error).message}`);
  }
  try {
    return parsePolicies(source);
  } catch (error) {
    throw new PolicyError(`The policy file ${file} is not valid: ${(error as Error).message}`);
  }
}

/** Whether the role may use the endpoint. */
export function isAllowed(policies: Policies, endpoint: string, method: string, role: string): boolean {
  return isMethod(method) && (policies.get(endpoint)?.get(method)?.has(role) ?? false);
}

/** Whether the caller may use the endpoint. A key allows nothing that its user's role does not allow. */
export function mayCall(policies: Policies, caller: Pick<Caller, "role" | "key">, endpoint: string, method: string) {
  const { role, key } = caller;
  return isAllowed(policies, endpoint, method, role) && (!key || isAllowed(policies, endpoint, method, key.role));
}

/** The roles of each endpoint and method. */
function* allowedRoles(policies: Policies): Generator<ReadonlySet<string>> {
  for (const rules of policies.values()) yield* rules.values();
}

/** Whether the role may use any endpoint. */
export function isKnownRole(policies: Policies, role: string): boolean {
  for (const roles of allowedRoles(policies)) if (roles.has(role)) return true;
  return false;
}

/** Whether `other` may use every endpoint that `role` may use. */
export function isWithin(policies: Policies, role: string, other: string): boolean {
  for (const roles of allowedRoles(policies)) if (roles.has(role) && !roles.has(other)) return false;
  return true;
}
