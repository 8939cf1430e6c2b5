import { notifications } from "../db/schema/index.ts";
import { Semaphore } from "../limits/semaphore.ts";
import type { Notifier } from "../tasks/notifier.ts";
import type { DeliveryParts } from "./deliver.ts";
import { DELIVERIES_PER_PROJECT, ProjectDeliveries } from "./project-deliveries.ts";

/** Deliveries that are under way: each is a connection. */
const DELIVERIES_MAX = 32;

/** Posts the ends of tasks to the URLs that their owners gave. Without pending notifications it does nothing. */
export class Webhooks implements Notifier {
  readonly #parts: DeliveryParts;
  readonly #slots = new Semaphore({
    total: DELIVERIES_MAX,
    group: DELIVERIES_PER_PROJECT,
    user: DELIVERIES_PER_PROJECT,
    long: DELIVERIES_MAX,
  });
  /** Those with pending notifications. */
  readonly #projects = new Map<string, ProjectDeliveries>();
  #isClosed = false;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /** Takes up what an earlier run left. */
  async start(): Promise<void> {
    const left = await this.#parts.db.selectDistinct({ projectId: notifications.project_id }).from(notifications);
    for (const { projectId } of left) this.wake(projectId);
  }

  wake(projectId: string, options?: { isInDoubt: boolean }): void {
    if (this.#isClosed) return;
    let project = this.#projects.get(projectId);
    if (project === undefined) {
      const forget = () => this.#projects.delete(projectId);
      project = new ProjectDeliveries(this.#parts, this.#slots, projectId, forget);
      this.#projects.set(projectId, project);
    }
    project.wake(options);
  }

  /** Breaks off what is under way; the next start repeats it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#projects.values()].map((project) => project.close()));
  }
}
