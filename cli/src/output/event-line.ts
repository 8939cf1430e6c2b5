import type { ServerEvent } from "hanami-sdk";
import { numberText, shareText } from "./measures.ts";
import { printable } from "./printable.ts";

/** The longest of the usual kinds: checkpoint.created. */
const KIND_WIDTH = 18;

type Data = Record<string, unknown>;

const share = (value: unknown) => (typeof value === "number" ? shareText(value) : undefined);
const number = (value: unknown) => (typeof value === "number" ? numberText(value) : undefined);
const named = (name: string, text: string | undefined) => (text === undefined ? undefined : `${name} ${text}`);
const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);

/** What a person wants to know of any event, as far as the event has it. */
function factsOf({ point, score, ...data }: Data): (string | undefined)[] {
  const { current_cycle: cycle, total_number_of_cycles: total } = data;
  const scores = (point ?? score ?? {}) as Data;
  return [
    named("uuid", text(data["uuid"])),
    text(data["name"]) && `'${text(data["name"])}'`,
    text(data["type"]),
    text(data["state"]),
    text(data["mode"]),
    named("host", text(data["host_uuid"])),
    typeof cycle === "number" ? `${cycle}/${String(total)}` : undefined,
    share(data["percentage_finished"]),
    named("load", number(data["load"])),
    named("uploaded", share(data["uploaded"])),
    named("cycle", typeof scores["cycle"] === "number" ? String(scores["cycle"]) : undefined),
    named("loss", number(scores["loss"])),
    named("accuracy", share(scores["accuracy"])),
    named("error", number(scores["error"])),
    named("error:", text(data["error_message"])),
  ];
}

/** An event in one line: time, kind, and what it is about. */
export function eventLine({ kind, data }: ServerEvent): string {
  const { timestamp_ms: ms } = data;
  const time = typeof ms === "number" && Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : "-";
  const facts = factsOf(data).filter((fact) => fact !== undefined);
  return printable([time, kind.padEnd(KIND_WIDTH), facts.join(", ")].join("  ").replaceAll("\n", " ")).trimEnd();
}
