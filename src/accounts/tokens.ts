import { decodeProtectedHeader, errors, jwtVerify, SignJWT, type JWTPayload } from "jose";
import { unauthorized } from "../errors.ts";
import type { CheckedToken, TokenKeys } from "./token-key.ts";
import { tokenUser, type TokenUser } from "./token-user.ts";

const algorithm = "HS256";
/** A client sends its token with every request; a signature takes a third of a millisecond and a turn of a thread. */
const CHECKED_MAX = 4096;

/**
 * Signs a token with the two claims of the contract: `exp`, and `user` as JSON text with sorted keys. Its header is that
 * of the contract, too, and while several keys are accepted it has a `kid` besides.
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

/** The payload, once one of the keys fits. Nothing of the header decides but which key is tried. */
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

/** Those that were checked first are forgotten first. */
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
    // Ours name neither: this one was made by or for somebody else who has the key.
    if (payload.iss !== undefined || payload.aud !== undefined) throw new errors.JWTInvalid("foreign");
    const user = tokenUser.parse(JSON.parse(String(payload["user"])));
    remember(checked, token, { expires: payload.exp ?? 0, user });
    return user;
  } catch (error) {
    throw unauthorized(`Failed to validate JWT-Token with error: ${reason(error)}`);
  }
}
