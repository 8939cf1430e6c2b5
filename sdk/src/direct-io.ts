import { BadRequestError, HanamiError } from "./errors.ts";
import {
  ClusterProcessType,
  decodeClusterIOMessage,
  encodeClusterIOMessage,
  TargetBufferType,
  type ClusterIOMessage,
} from "./messages.ts";
import type { Socket } from "./socket.ts";

/**
 * The server sends all outputs of a sample together: an output this much later than the previous one does not exist.
 */
const NEXT_OUTPUT_WITHIN_MS = 10_000;

/** Values, keyed by the name of an input or output of the cluster's template. */
export type NamedValues = Readonly<Record<string, ArrayLike<number>>>;

/**
 * A cluster in direct mode: single samples over one websocket, without a task. Values persist: an omitted input keeps
 * its previous values. Calls may overlap; they run one after another.
 */
export class DirectIO {
  readonly #socket: Socket;
  readonly #leave: () => Promise<unknown>;
  #last: Promise<unknown> = Promise.resolve();
  /** The first output of the first answer; the order of outputs never changes. */
  #firstOutput: string | undefined;

  /** `leave` switches the cluster back to task mode. */
  constructor(socket: Socket, leave: () => Promise<unknown>) {
    this.#socket = socket;
    this.#leave = leave;
  }

  /** Trains one sample. */
  train(inputs: NamedValues, expected: NamedValues): Promise<void> {
    return this.#inTurn(async () => {
      const type = ClusterProcessType.TRAIN_TYPE;
      await this.#exchange([
        ...messages(inputs, type, TargetBufferType.INPUT_BUFFER_TYPE),
        ...messages(expected, type, TargetBufferType.EXPECTED_BUFFER_TYPE),
      ]);
    });
  }

  /**
   * The cluster's outputs for one sample. `outputCount`: number of outputs in its template. Throws HanamiError when the
   * template has fewer outputs, or more; the latter is detected only by the second request.
   */
  request(inputs: NamedValues, outputCount = 1): Promise<Record<string, Float32Array>> {
    return this.#inTurn(async () => {
      const type = ClusterProcessType.REQUEST_TYPE;
      let answer = await this.#exchange(messages(inputs, type, TargetBufferType.INPUT_BUFFER_TYPE));
      const outputs: Record<string, Float32Array> = {};
      for (let received = 1; ; received++) {
        const { bufferName, values } = decodeClusterIOMessage(answer);
        if (received === 1) this.#checkOrder(bufferName, outputCount);
        outputs[bufferName] = values;
        if (received === outputCount) return outputs;
        answer = await this.#nextOutput(outputCount);
      }
    });
  }

  /** Closes the connection and switches the cluster back to task mode. */
  async close(): Promise<void> {
    this.#socket.close();
    await this.#leave();
  }

  /** Detects an output that the previous request did not receive: it would be taken for an answer to this request. */
  #checkOrder(name: string, outputCount: number): void {
    this.#firstOutput ??= name;
    if (name === this.#firstOutput) return;
    this.#socket.close();
    throw new HanamiError(`The cluster has more outputs than ${outputCount}.`);
  }

  async #nextOutput(outputCount: number): Promise<Uint8Array> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const never = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new HanamiError(`The cluster has fewer outputs than ${outputCount}.`));
        this.#socket.close();
      }, NEXT_OUTPUT_WITHIN_MS);
    });
    try {
      return await Promise.race([this.#socket.receive(), never]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends messages, each after the answer to the previous one. Resolves to the last answer. */
  async #exchange(all: ClusterIOMessage[]): Promise<Uint8Array> {
    let answer: Uint8Array = new Uint8Array();
    for (const [index, message] of all.entries()) {
      this.#socket.send(encodeClusterIOMessage({ ...message, isLast: index === all.length - 1 }));
      answer = await this.#socket.receive();
      const { errorMessage } = decodeClusterIOMessage(answer);
      if (errorMessage !== "") throw new BadRequestError(errorMessage);
    }
    return answer;
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#last.then(step, step);
    this.#last = result;
    return result;
  }
}

function messages(
  values: NamedValues,
  processType: ClusterProcessType,
  targetBufferType: TargetBufferType,
): ClusterIOMessage[] {
  const entries = Object.entries(values);
  if (entries.length === 0) throw new TypeError("Name at least one input and, to train, one expected output.");
  return entries.map(([bufferName, list]) => ({
    bufferName,
    isLast: false,
    processType,
    targetBufferType,
    numberOfValues: list.length,
    values: Float32Array.from(list),
    errorMessage: "",
  }));
}
