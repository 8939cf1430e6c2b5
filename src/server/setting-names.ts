/** Variables of clients, which are often also set in the server's environment. */
const clientNames = new Set([
  "HANAMI_ADDRESS",
  "HANAMI_USER",
  "HANAMI_PASSPHRASE",
  "HANAMI_PW",
  "HANAMI_PROJECT",
  "HANAMI_KEY",
]);

/** Variables of tests. */
const testNames = /^HANAMI_TEST_/;

/** Levenshtein distance: the number of insertions, deletions and replacements. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** A larger distance would be guessing. */
const distanceMax = 4;

/** The setting with the most similar name; undefined when none is close. */
function nearest(name: string, settings: readonly string[]): string | undefined {
  const plain = name.slice(0, 80).toUpperCase().replaceAll(/\W/g, "_");
  let best: { setting: string; distance: number } | undefined;
  for (const setting of settings) {
    const found = Math.min(distance(plain, setting), distance(`HANAMI_${plain}`, setting));
    if (found <= distanceMax && (best === undefined || found < best.distance)) best = { setting, distance: found };
  }
  return best?.setting;
}

/** Reports an unknown setting and suggests a similar one. */
export function describeUnknown(name: string, settings: readonly string[]): string {
  const meant = nearest(name, settings);
  return `there is no setting ${name}${meant === undefined ? "" : `; is ${meant} meant?`}`;
}

/** Problems of an environment: variables that begin with `HANAMI_` but name no setting. */
export function unknownVariables(env: Record<string, string | undefined>, settings: readonly string[]): string[] {
  return Object.keys(env)
    .filter(
      (name) => /^HANAMI_/i.test(name) && !settings.includes(name) && !clientNames.has(name) && !testNames.test(name),
    )
    .map((name) => describeUnknown(name, settings));
}
