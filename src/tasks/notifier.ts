/** Delivers the notifications of tasks that have ended. */
export interface Notifier {
  /** There is a new one in this project; `isInDoubt`: there may be one, now or within a minute. */
  wake(projectId: string, options?: { isInDoubt: boolean }): void;
}
