/** Maximum number of clusters kept; the one that has been idle for longest is evicted first. */
const CLUSTERS_MAX = 100;

interface Work {
  train: number;
  request: number;
}

/** Cycles of the clusters that computed last, for clients that may see clusters. */
export class ClusterCycles {
  /** Least recently used first. */
  readonly #work = new Map<string, Work>();

  add(cluster: string, kind: keyof Work, cycles: number): void {
    const work = this.#work.get(cluster) ?? { train: 0, request: 0 };
    work[kind] += cycles;
    this.#work.delete(cluster);
    this.#work.set(cluster, work);
    if (this.#work.size > CLUSTERS_MAX) this.#work.delete(this.#work.keys().next().value as string);
  }

  /** In Prometheus' text format. */
  text(): string {
    const lines = [...this.#work].flatMap(([cluster, work]) =>
      (["train", "request"] as const).map(
        (kind) => `hanami_cluster_cycles_total{cluster="${cluster}",kind="${kind}"} ${work[kind]}`,
      ),
    );
    const head = `# HELP hanami_cluster_cycles_total Cycles of the ${CLUSTERS_MAX} clusters that computed last.`;
    return `${[head, "# TYPE hanami_cluster_cycles_total counter", ...lines].join("\n")}\n`;
  }
}
