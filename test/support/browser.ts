import { type Browser, chromium as browserType } from "playwright-core";
import { vi } from "vitest";

/** The browser from npm is for this platform only. */
export const hasBrowser = process.platform === "linux" && process.arch === "x64";

/** A headless Chromium. */
export async function openBrowser(): Promise<Browser> {
  // Makes it unpack the libraries that bare systems lack, and set their path.
  vi.stubEnv("AWS_EXECUTION_ENV", "AWS_Lambda_nodejs20.x");
  const { default: chromium } = await import("@sparticuz/chromium");
  const executablePath = await chromium.executablePath();
  // With this one, pages would read the answers of every origin, as they do nowhere else.
  const args = chromium.args.filter((each) => each !== "--disable-web-security");
  return browserType.launch({ executablePath, args, headless: true });
}
