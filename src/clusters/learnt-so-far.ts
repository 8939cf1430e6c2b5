import { conflict, HanamiError } from "../errors.ts";
import type { ClusterNetwork } from "./cluster-network.ts";
import { asRefusal, type NetworkTurn } from "./on-network.ts";

/** Counts the rows that one call has learnt, and knows which of them remain when the network falls back. */
export class LearntSoFar {
  readonly #losses: number;
  /** After each step: the changes of the network, and the rows learnt. The first entry is the begin. */
  readonly #steps: { changes: number; rows: number }[];

  constructor({ losses, changes }: ClusterNetwork) {
    this.#losses = losses;
    this.#steps = [{ changes, rows: 0 }];
  }

  get rows(): number {
    return this.#steps.at(-1)!.rows;
  }

  /** Notes a step of the network, which learnt so many rows. */
  add({ changes }: ClusterNetwork, rows: number): void {
    this.#steps.push({ changes, rows: this.rows + rows });
  }

  /** Throws 409 when the network fell back meanwhile: the next step belongs behind those that are lost. */
  check({ losses }: ClusterNetwork): void {
    if (losses !== this.#losses) throw conflict("The network fell back to its last snapshot");
  }

  /** The error of the call with the number of rows that the network keeps. */
  async interrupted(error: unknown, turn: NetworkTurn): Promise<unknown> {
    const refusal = asRefusal(error);
    if (!(refusal instanceof HanamiError)) return error;
    const [begin] = this.#steps;
    const now = await turn(async (network) => {
      await network.ready();
      if (network.losses === this.#losses) return { rows: this.rows, isMoreLost: false };
      network.takeRowLoss();
      const { kept } = network;
      const step = this.#steps.findLast(({ changes }) => changes <= kept) ?? begin!;
      return { rows: step.rows, isMoreLost: kept < begin!.changes };
    }).catch(() => undefined);
    const news = told(now, this.rows);
    if (news === "") return refusal;
    return new HanamiError(refusal.kind, `${refusal.message.replace(/\.$/, "")}. ${news}`, { cause: error });
  }
}

function told(now: { rows: number; isMoreLost: boolean } | undefined, rows: number): string {
  if (rows === 0 && now?.isMoreLost !== true) return "";
  const learnt = `${now?.rows ?? rows} rows of this call were learnt`;
  if (now === undefined) return `${learnt}, but those after the last save are lost`;
  return now.isMoreLost ? `${learnt}, and rows of earlier calls may be lost` : learnt;
}
