import { badRequest } from "../errors.ts";
import { isBelow, plainUrl } from "../server/plain-url.ts";

export const notifyUrlTexts = {
  notPlain:
    "'notify_url' is not a URL in its normal form, such as 'https://example.com/path', " +
    "without user name, fragment, and '%', ';' or '..' in its path",
  notListed: "This server does not send notifications to the URL in 'notify_url'",
};

/** Throws 400 unless the operator allows to post to this URL. Which ones are allowed stays secret. */
export function checkNotifyUrl(prefixes: readonly string[], text: string): void {
  const url = plainUrl(text);
  if (url === undefined) throw badRequest(notifyUrlTexts.notPlain);
  if (!isBelow(prefixes, url)) throw badRequest(notifyUrlTexts.notListed);
}
