import { once } from "node:events";
import { createHash } from "node:crypto";
import { sendFile } from "../api/dataset-support.ts";
import type { Random } from "../support/random.ts";
import type { RunningServer } from "../support/server-process.ts";
import type { BaseDataset } from "./base-datasets.ts";
import type {
  CheckpointModel,
  ClusterModel,
  DirectAnswer,
  FileModel,
  HostKind,
  ResultModel,
  UploadModel,
} from "./model.ts";

/** Finds out, on the next server, whether the interrupted action happened. */
export type Settle = (server: RunningServer) => Promise<void>;

const pieceBytes = 4096;

export const sha256Of = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/**
 * Everything that one client was told. The one action that was under way when the server died happened completely or
 * not at all: `settle` finds out which.
 */
export class Ledger {
  readonly name: string;
  readonly random: Random;
  readonly base: readonly BaseDataset[];
  readonly dataDir: string;
  /** Uuids of the hosts. */
  readonly hosts: ReadonlyMap<HostKind, string>;
  /** Where the first cluster starts. */
  firstHost: HostKind = "cpu";
  readonly projects = new Set<string>();
  /** The projects that a user is assigned to, by the user's id. */
  readonly users = new Map<string, Set<string>>();
  readonly uploads = new Map<string, UploadModel>();
  readonly clusters = new Map<string, ClusterModel>();
  readonly checkpoints = new Map<string, CheckpointModel>();
  /** The checkpoint that is being uploaded. */
  checkpointUpload: (FileModel & CheckpointModel) | null = null;
  readonly results = new Map<string, ResultModel>();
  readonly directAnswers: DirectAnswer[] = [];
  /** Number of acknowledgements of each action. */
  readonly done = new Map<string, number>();
  directCycles = 0;
  #doubt: Settle | null = null;
  #count = 0;

  constructor(options: Pick<Ledger, "name" | "random" | "base" | "dataDir" | "hosts">) {
    this.name = options.name;
    this.random = options.random;
    this.base = options.base;
    this.dataDir = options.dataDir;
    this.hosts = options.hosts;
  }

  newName(): string {
    return `${this.name}_${++this.#count}`;
  }

  isOwn(name: string | undefined): boolean {
    return name?.startsWith(`${this.name}_`) === true;
  }

  /** Sends a request and records its answer before anything else; without an answer, the outcome stays in doubt. */
  async attempt<T>(
    what: string,
    { ask, note, settle }: { ask: () => Promise<T>; note: (answer: T) => void; settle: Settle },
  ): Promise<void> {
    this.#doubt = settle;
    note(await ask());
    this.#doubt = null;
    this.done.set(what, (this.done.get(what) ?? 0) + 1);
  }

  /** Carries out a step that must be repeated from its beginning if the server dies meanwhile. */
  async insist(server: RunningServer, step: Settle): Promise<void> {
    this.#doubt = step;
    await step(server);
    this.#doubt = null;
  }

  async settle(server: RunningServer): Promise<void> {
    await this.#doubt?.(server);
    this.#doubt = null;
  }
}

/** Sends a whole file. A question on a broken socket has no answer, so this rejects when the server ends. */
export async function send({ url, token, child }: RunningServer, file: FileModel): Promise<void> {
  const exit = new AbortController();
  const gone = once(child, "exit", { signal: exit.signal }).then(() => Promise.reject(new Error("the server is gone")));
  const sending = sendFile(url, token, file.tempfile, file.bytes, pieceBytes);
  try {
    await Promise.race([sending, gone]);
  } finally {
    exit.abort();
    gone.catch(() => {});
    sending.catch(() => {});
  }
  file.isComplete = true;
}
