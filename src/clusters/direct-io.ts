import type { Context } from "../app-context.ts";
import type { Limits } from "../server/config.ts";
import { badRequest, conflict, HanamiError, notFound } from "../errors.ts";
import { HostLostError, isUnavailable } from "../hosts/host-errors.ts";
import type { NetworkEncoders } from "../encoders/network-encoders.ts";
import { answersOf, encodersOf, type Answer } from "./answers.ts";
import { directExpected, directInputs, directValues } from "./direct-rows.ts";
import { widthExcess } from "../limits/width-excess.ts";
import type { Rows } from "../network/run.ts";
import { NAME_LENGTH_MAX, parseTemplate, type Template } from "../network/template/parse-template.ts";
import type { ClusterNetwork } from "./cluster-network.ts";
import { findCluster } from "./find-cluster.ts";
import { retried } from "./retried.ts";

/** Caps the values that one client buffers, in multiples of the maximum message size. */
const BUFFERED_MESSAGES_MAX = 4;

/** The receiver of the answers. */
export interface AnswerTaker {
  /** False while the client has too many earlier answers left to receive. */
  hasRoom(): boolean;
  /** Resolves when there may be room, or when the client is gone. */
  room(): Promise<void>;
}

const alwaysTakes: AnswerTaker = { hasRoom: () => true, room: () => Promise.resolve() };

export interface OutputValues {
  name: string;
  /** Empty while the output has never been trained. */
  values: Float32Array;
}

/**
 * One client's direct IO with a cluster: the client fills buffers, then a cycle trains with them or answers. Buffers
 * keep their values until they are written again. Every method throws HanamiError for a mistake of the client. After
 * HostLostError the network is that of the last snapshot: later cycles are lost, and the client is told once.
 */
export interface DirectIo {
  /** Sets the first values of an input. Its buffer grows if necessary; values beyond these stay. */
  setInput(name: string, values: Float32Array): void;
  /** Sets all expected values of an output. */
  setExpected(name: string, values: Float32Array): void;
  train(): Promise<void>;
  /**
   * Returns the values of every output, sorted by name. Starts when there is room for the answer. Refuses an input with
   * more values than a trained network knows.
   */
  request(): Promise<OutputValues[]>;
  close(): void;
}

/**
 * Opens direct IO. Throws 404 when the caller cannot see the cluster, 409 when it is not in DIRECT mode or its host
 * cannot take it. Calls `onRetired` when the cluster is deleted.
 */
export async function openDirectIo(
  context: Context,
  wanted: string,
  onRetired: () => void,
  taker: AnswerTaker = alwaysTakes,
): Promise<DirectIo> {
  const { scheduler, config } = context.app;
  const { uuid } = await findCluster(context, wanted).catch((error: unknown) => {
    if (error instanceof HanamiError) throw notFound(`Cluster with UUID '${wanted}' not found`);
    throw error;
  });
  const opened = await scheduler
    .exclusive(uuid, async (network) => {
      await checkMode(network);
      const { info } = await network.ready();
      return { template: info.template, losses: network.losses };
    })
    .catch((error: unknown) => {
      throw isUnavailable(error) ? conflict(error.message) : error;
    });
  return new DirectLine(
    {
      ...opened,
      taker,
      limits: config.limits,
      bytesMax: BUFFERED_MESSAGES_MAX * config.limits.messageBytes,
      exclusive: (work) => scheduler.exclusive(uuid, work),
    },
    scheduler.onRetired(uuid, onRetired),
  );
}

interface Line {
  template: string;
  taker: AnswerTaker;
  /** The cluster's `losses` when direct IO was opened. */
  losses: number;
  /** Limits per input or output. */
  limits: Pick<Limits, "inputValues" | "outputValues">;
  /** Limit for all buffers together. */
  bytesMax: number;
  exclusive<T>(work: (network: ClusterNetwork) => Promise<T>): Promise<T>;
}

class DirectLine implements DirectIo {
  readonly #line: Line;
  readonly #withdraw: () => void;
  readonly #template: Template;
  readonly #inputs = new Map<string, Float32Array<ArrayBuffer>>();
  readonly #expected = new Map<string, Float32Array<ArrayBuffer>>();
  /** Size of all buffers together. */
  #bytes = 0;
  #losses: number;
  /** A cycle failed: the client was told, and expects that unsaved cycles may be lost. */
  #hasFailed = false;

  constructor(line: Line, withdraw: () => void) {
    this.#line = line;
    this.#losses = line.losses;
    this.#withdraw = withdraw;
    this.#template = parseTemplate(line.template);
  }

  setInput(name: string, values: Float32Array): void {
    checkName("input", this.#template.inputs, name);
    this.#check("input", name, values);
    const known = this.#inputs.get(name);
    if (known !== undefined && known.length >= values.length) known.set(values);
    else this.#put(this.#inputs, name, values);
  }

  setExpected(name: string, values: Float32Array): void {
    checkName("output", this.#template.outputs, name);
    this.#check("output", name, values);
    this.#put(this.#expected, name, values);
  }

  /** Applies the limits of datasets. */
  #check(what: "input" | "output", name: string, values: Float32Array): void {
    const excess = widthExcess(this.#line.limits, what, values.length);
    if (excess !== undefined) throw badRequest(`'${name}' ${excess}`);
    const wrong = values.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0) throw badRequest(`Value ${wrong} of '${name}' is ${values[wrong]}, not a finite number`);
  }

  /** Refuses values that cannot count, because the network has learnt fewer, `widths` by the index of the input. */
  #checkLearnt(inputs: readonly Rows[], widths: readonly number[]): void {
    for (const { index, width } of inputs) {
      const learnt = widths[index] ?? 0;
      if (learnt === 0 || width <= learnt) continue;
      const { name } = this.#template.inputs[index]!;
      throw badRequest(`'${name}' has ${width} values, but the network has learnt only ${learnt} of them`);
    }
  }

  #put(buffers: Map<string, Float32Array<ArrayBuffer>>, name: string, values: Float32Array): void {
    const { bytesMax } = this.#line;
    const bytes = this.#bytes + values.byteLength - (buffers.get(name)?.byteLength ?? 0);
    if (bytes > bytesMax) {
      throw badRequest(`The buffers would hold ${bytes} bytes, but at most ${bytesMax} are possible`);
    }
    buffers.set(name, new Float32Array(values));
    this.#bytes = bytes;
  }

  async train(): Promise<void> {
    await this.#cycle(async (network, encoders) => {
      const known = { template: this.#template, encoders };
      const [inputs, expected] = [directInputs(known, this.#inputs), directExpected(known, this.#expected)];
      return network.train({ cycles: 1, timeLength: 1, inputs, expected, batchSize: 1, schedule: "stream" }, null);
    });
  }

  async request(): Promise<OutputValues[]> {
    const { taker } = this.#line;
    let answers: Answer[] | undefined;
    while (answers === undefined) {
      await taker.room();
      // Other requests may have used up the room while this one waited for its turn; then nothing is computed.
      answers = await this.#cycle(async (network, encoders) => {
        if (!taker.hasRoom()) return undefined;
        const known = { template: this.#template, encoders };
        const inputs = directInputs(known, this.#inputs);
        this.#checkLearnt(inputs, (await network.ready()).info.figures.inputs ?? []);
        const shown = await network.request({ cycles: 1, timeLength: 1, inputs, isSingle: true });
        return answersOf(this.#template, encoders, shown, 1);
      });
    }
    return answers
      .map((answer) => ({ name: answer.name, values: directValues(answer) }))
      .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }

  close(): void {
    this.#withdraw();
  }

  #cycle<T>(use: (network: ClusterNetwork, encoders: NetworkEncoders) => Promise<T>): Promise<T> {
    return this.#line.exclusive(async (network) => {
      await checkMode(network);
      const { info } = await network.ready();
      if (info.template !== this.#line.template) throw conflict("The cluster has got another template");
      const isBehind = network.losses !== this.#losses;
      this.#losses = network.losses;
      // Acknowledged cycles were lost before they were saved; this cycle has not started.
      if (isBehind && !this.#hasFailed) throw new HostLostError("it ended between two cycles", { wasUnderWay: false });
      this.#hasFailed = true;
      const encoders = encodersOf(info);
      const result = await retried(network, () => use(network, encoders));
      this.#hasFailed = false;
      return result;
    });
  }
}

async function checkMode(network: ClusterNetwork): Promise<void> {
  if ((await network.mode()) !== "DIRECT") throw conflict("The cluster is not in DIRECT mode");
}

function checkName(what: "input" | "output", ports: readonly { name: string }[], name: string): void {
  if (ports.some((port) => port.name === name)) return;
  // The client's name may be as long as a message.
  throw badRequest(`Cluster has no ${what} with name '${name.slice(0, NAME_LENGTH_MAX)}'`);
}
