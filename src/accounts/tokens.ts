import { decodeJwt, decodeProtectedHeader, errors, jwtVerify, SignJWT, type JWTPayload } from "jose";
import { unauthorized } from "../errors.ts";
import type { CheckedToken, TokenKeys } from "./token-key.ts";
import { tokenUser, type TokenUser } from "./token-user.ts";

const algorithm = "HS256";
/** Number of cached tokens. Clients send a token with every request; checking it takes 0.3 ms and a thread's turn. */
const CHECKED_MAX = 4096;

/**
 * Signs a token with the two claims of the contract: `exp`, and `user` as JSON text with sorted keys. Its header is
 * also that of the contract, plus a `kid` while several keys are accepted.
 */
export async function signToken(keys: TokenKeys, user: TokenUser, expireSeconds: number): Promise<string> {
  const { id, key } = keys.signing;
  const claim = JSON.stringify(user, Object.keys(tokenUser.shape));
  return new SignJWT({ exp: Math.floor(Date.now() / 1000) + expireSeconds, user: claim })
    .setProtectedHeader({ alg: algorithm, typ: "JWT", ...(keys.areSeveral ? { kid: id } : {}) })
    .sign(key);
}

function reason(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "token expired";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "invalid signature";
  if (error instanceof errors.JOSEAlgNotAllowed) return "wrong algorithm";
  return "invalid token supplied";
}

/** Verifies the token and returns its payload. The header only selects the keys to try. */
async function verify(keys: TokenKeys, token: string): Promise<JWTPayload> {
  let failure: unknown;
  for (const { key } of keys.candidates(decodeProtectedHeader(token).kid)) {
    try {
      const { payload } = await jwtVerify(token, key, { algorithms: [algorithm], requiredClaims: ["exp", "user"] });
      return payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
      failure = error;
    }
  }
  throw failure;
}

/** When a token expires that `readToken` has accepted, in ms since 1970. */
export const tokenEndMs = (token: string): number => 1000 * (decodeJwt(token).exp ?? 0);

/** Caches a checked token; the oldest entry is evicted first. */
function remember(checked: Map<string, CheckedToken>, token: string, what: CheckedToken): void {
  checked.set(token, what);
  const [first] = checked.keys();
  if (checked.size > CHECKED_MAX && first !== undefined) checked.delete(first);
}

/** Checks signature, algorithm, expiry and origin. Throws unauthorized with the contract's text. */
export async function readToken(keys: TokenKeys, token: string): Promise<Readonly<TokenUser>> {
  const { checked } = keys;
  const known = checked.get(token);
  if (known !== undefined && known.expires > Math.floor(Date.now() / 1000)) return known.user;
  try {
    const payload = await verify(keys, token);
    // Our tokens contain neither: another program with the same key made this one, or it is meant for one.
    if (payload.iss !== undefined || payload.aud !== undefined) throw new errors.JWTInvalid("foreign");
    const user = tokenUser.parse(JSON.parse(String(payload["user"])));
    remember(checked, token, { expires: payload.exp ?? 0, user });
    return user;
  } catch (error) {
    throw unauthorized(`Failed to validate JWT-Token with error: ${reason(error)}`);
  }
}
