/** Maximum number of keys kept; the least recently used key is evicted first. */
const keysMax = 50_000;

interface Bucket {
  tokens: number;
  atMs: number;
}

/** A token bucket per key: sustained rate `perSecond`, burst `burst`. Kept in memory and lost on restart. */
export class TokenBuckets {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #now: () => number;
  /** Least recently used first. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: { perSecond: number; burst: number; now?: () => number }) {
    this.#perSecond = options.perSecond;
    this.#burst = options.burst;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Takes one token; false when the bucket is empty. */
  take(key: string): boolean {
    const bucket = this.#refilled(key);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  /** Time until the next token: whole seconds, at least 1. */
  waitSeconds(key: string): number {
    return Math.max(1, Math.ceil((1 - this.#refilled(key).tokens) / this.#perSecond));
  }

  /** Returns a token whose use does not count. */
  giveBack(key: string): void {
    const bucket = this.#refilled(key);
    bucket.tokens = Math.min(this.#burst, bucket.tokens + 1);
  }

  #refilled(key: string): Bucket {
    const nowMs = this.#now();
    const bucket = this.#buckets.get(key) ?? { tokens: this.#burst, atMs: nowMs };
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((nowMs - bucket.atMs) / 1000) * this.#perSecond);
    bucket.atMs = nowMs;
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > keysMax) this.#buckets.delete(this.#buckets.keys().next().value as string);
    return bucket;
  }
}
