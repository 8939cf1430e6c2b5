/** What belongs to clients, whose variables are often set for the server, too. */
const clientNames = new Set(["HANAMI_ADDRESS", "HANAMI_USER", "HANAMI_PASSPHRASE", "HANAMI_PW", "HANAMI_PROJECT"]);

/** What only tests read. */
const testNames = /^HANAMI_TEST_/;

/** How many letters have to be inserted, removed or replaced. */
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

/** More would be guessing. */
const distanceMax = 4;

/** The setting whose name looks most like this one; undefined when none does. */
function nearest(name: string, settings: readonly string[]): string | undefined {
  const plain = name.slice(0, 80).toUpperCase().replaceAll(/\W/g, "_");
  let best: { setting: string; distance: number } | undefined;
  for (const setting of settings) {
    const found = Math.min(distance(plain, setting), distance(`HANAMI_${plain}`, setting));
    if (found <= distanceMax && (best === undefined || found < best.distance)) best = { setting, distance: found };
  }
  return best?.setting;
}

/** Says that there is no such setting, and which one may be meant. */
export function describeUnknown(name: string, settings: readonly string[]): string {
  const meant = nearest(name, settings);
  return `there is no setting ${name}${meant === undefined ? "" : `; is ${meant} meant?`}`;
}

/** What is wrong with the names of an environment: variables of this server that no setting has. */
export function unknownVariables(env: Record<string, string | undefined>, settings: readonly string[]): string[] {
  return Object.keys(env)
    .filter(
      (name) => /^HANAMI_/i.test(name) && !settings.includes(name) && !clientNames.has(name) && !testNames.test(name),
    )
    .map((name) => describeUnknown(name, settings));
}
