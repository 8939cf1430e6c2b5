import type { EventOwner } from "../events/event.ts";
import type { Events } from "../events/events.ts";
import type { NetworkInfo } from "../hosts/host.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { RunScores } from "../network/run-scores.ts";
import { parseTemplate } from "../network/template/parse-template.ts";
import { encodersOf } from "./answers.ts";
import { type CurveOutput, curveOutput } from "./curve-output.ts";
import { type ClusterScore, RollingScore } from "./rolling-score.ts";

/** Clusters that are kept; the one that has learnt nothing for longest is forgotten first. */
const CLUSTERS_MAX = 256;
const EVENT_MS = 1000;

type Known = Pick<NetworkInfo, "template" | "encoders">;

interface Entry extends Known {
  outputs: CurveOutput[];
  score: RollingScore;
}

/** The rolling scores of the clusters that last learnt in direct IO, or rows of `learn`. They end with the server. */
export class DirectScores {
  readonly #metrics: Pick<Metrics, "clusterScores">;
  readonly #events: Events;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();

  constructor({ metrics, events }: { metrics: Pick<Metrics, "clusterScores">; events: Events }) {
    this.#metrics = metrics;
    this.#events = events;
  }

  /** Adds what a cluster has learnt outside of tasks. */
  add(cluster: { uuid: string; owner: EventOwner }, known: Known, scores: RunScores): void {
    const { uuid, owner } = cluster;
    if (scores.samples === 0) return;
    const entry = this.#entryOf(uuid, known);
    entry.score.add(scores);
    this.#entries.delete(uuid);
    this.#entries.set(uuid, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > CLUSTERS_MAX && oldest !== undefined) this.forget(oldest);
    this.#metrics.clusterScores.set(uuid, () => this.of(uuid));
    this.#events.publishPaced(`score of ${uuid}`, EVENT_MS, () => {
      const score = this.of(uuid);
      return score && { kind: "cluster.score", data: { uuid, score }, owner, cluster: uuid };
    });
  }

  /** Undefined for a cluster that has learnt nothing of late. */
  of(uuid: string): ClusterScore | undefined {
    const entry = this.#entries.get(uuid);
    return entry?.score.read(entry.outputs);
  }

  /** The cluster has got another network, or is gone. */
  forget(uuid: string): void {
    this.#entries.delete(uuid);
    this.#metrics.clusterScores.forget(uuid);
  }

  /** A target may have become wider or got classes since the last samples; another template has other outputs. */
  #entryOf(uuid: string, { template, encoders }: Known): Entry {
    const entry = this.#entries.get(uuid);
    if (entry?.template === template && entry.encoders === encoders) return entry;
    const score = entry?.template === template ? entry.score : new RollingScore();
    return { template, encoders, outputs: outputsOf({ template, encoders }), score };
  }
}

function outputsOf(known: Known): CurveOutput[] {
  const kinds = new Map(parseTemplate(known.template).outputs.map(({ name, kind }) => [name, kind]));
  const encoders = encodersOf(known);
  // Rows of a single plain value are all odd, so they count as numbers whatever the width is.
  return [...kinds].map(([name, kind]) => curveOutput(name, { kind, width: 2, encoders }));
}
