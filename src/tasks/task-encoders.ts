import { isUntaught } from "../network/network-figures.ts";
import { encodersOf } from "../clusters/answers.ts";
import type { ClusterNetwork } from "../clusters/cluster-network.ts";
import { encodersText, type NetworkEncoders } from "../encoders/network-encoders.ts";
import type { FittedTarget } from "../encoders/targets.ts";
import { TaskError } from "./task-error.ts";

/** The encoders by which a training encodes its rows. */
export class TaskEncoders {
  readonly #encoders: NetworkEncoders;
  readonly #text: string;
  /** The text that the network had when it was last compared. */
  #known: string | undefined;

  constructor(encoders: NetworkEncoders) {
    this.#encoders = encoders;
    const isEmpty = Object.values(encoders).every((ports) => Object.keys(ports).length === 0);
    // Networks without encoders have no text.
    this.#text = isEmpty ? "" : encodersText(encoders);
  }

  /**
   * Gives them to a network that is on its host, unless it has them already, or has learnt more classes between two
   * slices. Throws TaskError when it has learnt other columns meanwhile.
   */
  async enter(network: ClusterNetwork): Promise<void> {
    const { info } = await network.ready();
    if (info.encoders === this.#known) return;
    if (info.encoders !== this.#text) {
      const now = encodersOf(info);
      // A network that has learnt nothing may have encoders of a training that ended before its first step.
      if (isUntaught(info.figures) || contains(this.#encoders, now)) await network.setEncoders(this.#text);
      else if (!contains(now, this.#encoders)) {
        throw new TaskError("The network has learnt other columns since the task began");
      }
    }
    this.#known = (await network.ready()).info.encoders;
  }
}

/** Whether rows that the inner encoders encode mean the same to the outer ones. */
function contains(outer: NetworkEncoders, inner: NetworkEncoders): boolean {
  const isSame = (one: unknown, other: unknown) => one === other || JSON.stringify(one) === JSON.stringify(other);
  return (
    Object.entries(inner.inputs).every(([name, table]) => isSame(table, own(outer.inputs, name))) &&
    Object.entries(inner.outputs).every(([name, target]) => {
      const other = own(outer.outputs, name);
      return isSame(target, other) || (other !== undefined && beginsWith(other, target));
    }) &&
    // Columns that are new to an input have no offsets.
    Object.entries(inner.offsets ?? {}).every(([name, offsets]) => {
      const others = own(outer.offsets ?? {}, name) ?? [];
      return offsets.every((offset, column) => offset === others[column]);
    })
  );
}

const own = <T>(record: Record<string, T>, name: string) => (Object.hasOwn(record, name) ? record[name] : undefined);

function beginsWith(all: FittedTarget, first: FittedTarget): boolean {
  if (all.kind !== "class" || first.kind !== "class") return false;
  return first.classes.every((text, index) => all.classes[index] === text);
}
