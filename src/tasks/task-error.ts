/** The reason why a task cannot continue, worded for its owner. Any other error of a running task is a defect. */
export class TaskError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TaskError";
  }
}
