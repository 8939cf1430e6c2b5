import { errors, jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { unauthorized } from "../errors.ts";
import type { TokenKey } from "./token-key.ts";

/** What a token says about its user; names and meaning are part of the contract. */
const tokenUser = z.object({
  created_at: z.string(),
  creator_id: z.string(),
  id: z.string(),
  is_admin: z.boolean(),
  is_project_admin: z.boolean(),
  name: z.string(),
  project_id: z.string(),
  role: z.string(),
});

export type TokenUser = z.output<typeof tokenUser>;

const algorithm = "HS256";

/** Signs a token with the two claims of the contract: `exp`, and `user` as JSON text with sorted keys. */
export async function signToken(key: TokenKey, user: TokenUser, expireSeconds: number): Promise<string> {
  const claim = JSON.stringify(user, Object.keys(tokenUser.shape));
  return new SignJWT({ exp: Math.floor(Date.now() / 1000) + expireSeconds, user: claim })
    .setProtectedHeader({ alg: algorithm, typ: "JWT" })
    .sign(key);
}

function reason(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "token expired";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "invalid signature";
  if (error instanceof errors.JOSEAlgNotAllowed) return "wrong algorithm";
  return "invalid token supplied";
}

/** Checks signature, algorithm and expiry. Throws unauthorized with the contract's text. */
export async function readToken(key: TokenKey, token: string): Promise<TokenUser> {
  try {
    const { payload } = await jwtVerify(token, key, { algorithms: [algorithm], requiredClaims: ["exp", "user"] });
    return tokenUser.parse(JSON.parse(String(payload["user"])));
  } catch (error) {
    throw unauthorized(`Failed to validate JWT-Token with error: ${reason(error)}`);
  }
}
