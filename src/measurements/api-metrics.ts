const bucketsSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Counts what the API answered, since the start. */
export class ApiMetrics {
  readonly #answers = new Map<string, number>();
  readonly #buckets = bucketsSeconds.map(() => 0);
  #count = 0;
  #seconds = 0;

  /** `method` must be one of a few: it becomes a label. */
  observe(answer: { method: string; status: number; seconds: number }): void {
    const labels = `method="${answer.method}",status="${answer.status}"`;
    this.#answers.set(labels, (this.#answers.get(labels) ?? 0) + 1);
    this.#count += 1;
    this.#seconds += answer.seconds;
    for (const [index, limit] of bucketsSeconds.entries()) {
      if (answer.seconds <= limit) this.#buckets[index] = (this.#buckets[index] as number) + 1;
    }
  }

  /** In Prometheus' text format. */
  lines(): string[] {
    const lines = ["# TYPE hanami_http_requests_total counter"];
    for (const [labels, value] of this.#answers) lines.push(`hanami_http_requests_total{${labels}} ${value}`);
    lines.push("# TYPE hanami_http_request_duration_seconds histogram");
    for (const [index, limit] of bucketsSeconds.entries()) {
      lines.push(`hanami_http_request_duration_seconds_bucket{le="${limit}"} ${this.#buckets[index]}`);
    }
    lines.push(`hanami_http_request_duration_seconds_bucket{le="+Inf"} ${this.#count}`);
    lines.push(`hanami_http_request_duration_seconds_sum ${this.#seconds}`);
    lines.push(`hanami_http_request_duration_seconds_count ${this.#count}`);
    return lines;
  }
}
