/** No `%` and no `;`: some servers decode or cut these before they look at the path, and so leave a folder. */
const PATH = /^\/[\w.~!$&'()*+,=:@/-]*$/;

/**
 * Reads a URL in its normal form, as a browser would show it: `http` or `https`, no user name, no fragment, a path
 * without `..` or `%`. Undefined for any other text, so that two URLs can be compared as texts.
 */
export function plainUrl(text: string): URL | undefined {
  if (!/^https?:\/\/[^#]+$/.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isNormal = url.href === text || url.href === `${text}/`;
  return isNormal && url.username === "" && url.password === "" && PATH.test(url.pathname) ? url : undefined;
}

/** Whether this URL is one of the prefixes or below one; both in normal form, a prefix without a query. */
export function isBelow(prefixes: readonly string[], { origin, pathname }: URL): boolean {
  const address = `${origin}${pathname}`;
  return prefixes.some(
    (prefix) => address === prefix || address.startsWith(prefix.endsWith("/") ? prefix : `${prefix}/`),
  );
}
