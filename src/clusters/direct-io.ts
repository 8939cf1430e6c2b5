import type { Context } from "../app-context.ts";
import type { Limits } from "../server/config.ts";
import { badRequest, conflict, HanamiError, notFound } from "../errors.ts";
import { HostLostError, isUnavailable } from "../hosts/host-errors.ts";
import type { RequestReport, SliceColumns } from "../hosts/host.ts";
import { widthExcess } from "../limits/width-excess.ts";
import { NAME_LENGTH_MAX, parseTemplate, type Template } from "../network/template/parse-template.ts";
import type { ClusterNetwork } from "./cluster-network.ts";
import { findCluster } from "./find-cluster.ts";

/** A client must not fill the server's memory by an endless cycle: its buffers hold the values of so many of the longest messages. */
const BUFFERED_MESSAGES_MAX = 4;

/** Who takes the answers. */
export interface AnswerTaker {
  /** Not too much of what was sent before is still to be taken. */
  hasRoom(): boolean;
  /** Resolves when that may be so, or when nobody takes anything any more. */
  room(): Promise<void>;
}

const alwaysTakes: AnswerTaker = { hasRoom: () => true, room: () => Promise.resolve() };

export interface OutputValues {
  name: string;
  /** Empty while the output has never been trained. */
  values: Float32Array;
}

/**
 * One client's direct line to a cluster: values are put into buffers, then a cycle trains with them or answers. Buffers
 * keep what they hold until they are written again. Every method throws HanamiError for what the client did wrong. After
 * HostLostError the network is that of the last snapshot: cycles that it lacks are lost, and the client is told once.
 */
export interface DirectIo {
  /** The first values of an input; it gets longer when needed, and the values behind these stay. */
  setInput(name: string, values: Float32Array): void;
  /** All values that an output should show. */
  setExpected(name: string, values: Float32Array): void;
  train(): Promise<void>;
  /** Of every output of the cluster, by name. Begins when there is room for the answer. */
  request(): Promise<OutputValues[]>;
  close(): void;
}

/**
 * Opens a direct line. Throws 404 when the cluster does not exist for the caller, and 409 unless it is in DIRECT mode and
 * its host has it.
 * `onRetired` is called when the cluster is deleted.
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
      return { template: info.template, losses: network.directLosses };
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
  /** `directLosses` of the cluster. */
  losses: number;
  /** Of one input or output. */
  limits: Pick<Limits, "inputValues" | "outputValues">;
  /** What the buffers may hold together. */
  bytesMax: number;
  exclusive<T>(work: (network: ClusterNetwork) => Promise<T>): Promise<T>;
}

class DirectLine implements DirectIo {
  readonly #line: Line;
  readonly #withdraw: () => void;
  readonly #template: Template;
  readonly #inputs = new Map<number, Float32Array<ArrayBuffer>>();
  readonly #expected = new Map<number, Float32Array<ArrayBuffer>>();
  /** Of all buffers. */
  #bytes = 0;
  #losses: number;
  /** The client knows of a failure, and of what may have been lost with it. */
  #hasFailed = false;

  constructor(line: Line, withdraw: () => void) {
    this.#line = line;
    this.#losses = line.losses;
    this.#withdraw = withdraw;
    this.#template = parseTemplate(line.template);
  }

  setInput(name: string, values: Float32Array): void {
    const index = indexOf("input", this.#template.inputs, name);
    this.#check("input", name, values);
    const known = this.#inputs.get(index);
    if (known !== undefined && known.length >= values.length) known.set(values);
    else this.#put(this.#inputs, index, values);
  }

  setExpected(name: string, values: Float32Array): void {
    const index = indexOf("output", this.#template.outputs, name);
    this.#check("output", name, values);
    this.#put(this.#expected, index, values);
  }

  /** What no dataset could hold is refused here, too. */
  #check(what: "input" | "output", name: string, values: Float32Array): void {
    const excess = widthExcess(this.#line.limits, what, values.length);
    if (excess !== undefined) throw badRequest(`'${name}' ${excess}`);
    const wrong = values.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0) throw badRequest(`Value ${wrong} of '${name}' is ${values[wrong]}, not a finite number`);
  }

  #put(buffers: Map<number, Float32Array<ArrayBuffer>>, index: number, values: Float32Array): void {
    const { bytesMax } = this.#line;
    const bytes = this.#bytes + values.byteLength - (buffers.get(index)?.byteLength ?? 0);
    if (bytes > bytesMax) {
      throw badRequest(`The buffers would hold ${bytes} bytes, but at most ${bytesMax} are possible`);
    }
    buffers.set(index, new Float32Array(values));
    this.#bytes = bytes;
  }

  async train(): Promise<void> {
    await this.#cycle((network) => {
      const [inputs, expected] = [columns(this.#inputs), columns(this.#expected)];
      return network.train({ cycles: 1, timeLength: 1, inputs, expected, batchSize: 1, schedule: null }, null);
    });
  }

  async request(): Promise<OutputValues[]> {
    const { taker } = this.#line;
    let report: RequestReport | undefined;
    while (report === undefined) {
      await taker.room();
      // While the cycle waited for its turn, others may have got answers that nobody takes: nothing is computed then.
      report = await this.#cycle(async (network) =>
        taker.hasRoom() ? network.request({ cycles: 1, timeLength: 1, inputs: columns(this.#inputs) }) : undefined,
      );
    }
    return report.outputs
      .map(({ name, values }) => ({ name, values }))
      .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }

  close(): void {
    this.#withdraw();
  }

  #cycle<T>(work: (network: ClusterNetwork) => Promise<T>): Promise<T> {
    return this.#line.exclusive(async (network) => {
      await checkMode(network);
      const { info } = await network.ready();
      if (info.template !== this.#line.template) throw conflict("The cluster has got another template");
      const isBehind = network.directLosses !== this.#losses;
      this.#losses = network.directLosses;
      // Not the cycle under way, but others that had been acknowledged and were not saved yet.
      if (isBehind && !this.#hasFailed) throw new HostLostError("it ended between two cycles", { wasUnderWay: false });
      this.#hasFailed = true;
      const result = await work(network).catch((error: unknown) => this.#again(error, network, work));
      this.#hasFailed = false;
      return result;
    });
  }

  /** A cycle that only waited when its host was lost begins again, unless others went with it that had been acknowledged. */
  async #again<T>(error: unknown, network: ClusterNetwork, work: (network: ClusterNetwork) => Promise<T>): Promise<T> {
    if (!(error instanceof HostLostError) || error.wasUnderWay) throw error;
    await network.ready();
    if (network.directLosses !== this.#losses) throw error;
    return work(network);
  }
}

async function checkMode(network: ClusterNetwork): Promise<void> {
  if ((await network.mode()) !== "DIRECT") throw conflict("The cluster is not in DIRECT mode");
}

function indexOf(what: "input" | "output", ports: readonly { name: string }[], name: string): number {
  const index = ports.findIndex((port) => port.name === name);
  // A name may be as long as a message.
  if (index < 0) throw badRequest(`Cluster has no ${what} with name '${name.slice(0, NAME_LENGTH_MAX)}'`);
  return index;
}

/**
 * Copies, because the buffers of a slice change hands. In the template's order, whatever the order in which they were
 * filled: the network that grows depends on it.
 */
function columns(buffers: ReadonlyMap<number, Float32Array<ArrayBuffer>>): SliceColumns[] {
  return [...buffers]
    .sort(([a], [b]) => a - b)
    .map(([index, values]) => ({ index, width: values.length, rows: values.slice() }));
}
