/** Why a task cannot go on, in words for its owner. Anything else that is thrown while a task runs is a defect. */
export class TaskError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TaskError";
  }
}
