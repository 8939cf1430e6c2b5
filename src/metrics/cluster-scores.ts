/** Maximum number of clusters kept; the one that has learnt nothing for longest is evicted first. */
const CLUSTERS_MAX = 100;

/** What direct IO has learnt last of a cluster, before the steps that learnt it. */
export interface ShownScore {
  samples: number;
  loss?: number;
  accuracy?: number;
  error?: number;
}

const FIGURES = {
  samples: "Samples that the scores of direct IO are of, up to about a thousand.",
  loss: "Log loss of classes, unexplained variance of numbers, of the last samples of direct IO.",
  accuracy: "Share of right classes in the last samples of direct IO.",
  error: "Root mean squared error of the last samples of direct IO.",
};

/** Scores of the clusters that learnt last in direct IO, for clients that may see clusters. */
export class ClusterScores {
  /** Least recently used first. */
  readonly #readers = new Map<string, () => ShownScore | undefined>();

  set(cluster: string, read: () => ShownScore | undefined): void {
    this.#readers.delete(cluster);
    this.#readers.set(cluster, read);
    if (this.#readers.size > CLUSTERS_MAX) this.#readers.delete(this.#readers.keys().next().value as string);
  }

  forget(cluster: string): void {
    this.#readers.delete(cluster);
  }

  /** In Prometheus' text format. */
  text(): string {
    const scores = [...this.#readers].map(([cluster, read]) => ({ cluster, score: read() }));
    const lines = Object.entries(FIGURES).flatMap(([figure, help]) => {
      const name = `hanami_cluster_direct_${figure}`;
      const values = scores.flatMap(({ cluster, score }) => {
        const value = score?.[figure as keyof ShownScore];
        return value === undefined ? [] : [`${name}{cluster="${cluster}"} ${value}`];
      });
      return [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...values];
    });
    return `${lines.join("\n")}\n`;
  }
}
