import { listen, type EventQuery, type ServerEvent } from "./events/listen.ts";
import type { Input, Method } from "./http.ts";
import { Checkpoints } from "./resources/checkpoints.ts";
import { Clusters } from "./resources/clusters.ts";
import { Datasets } from "./resources/datasets.ts";
import { Hosts } from "./resources/hosts.ts";
import { Keys } from "./resources/keys.ts";
import { Logs } from "./resources/logs.ts";
import { Projects } from "./resources/projects.ts";
import { System } from "./resources/system.ts";
import { Tasks } from "./resources/tasks.ts";
import { Users } from "./resources/users.ts";
import { Session, type Credentials, type KeyCredentials, type TokenInfo } from "./session.ts";
import type { WebSocketConstructor } from "./socket.ts";
import { evaluate, type Evaluated, type EvaluateOptions } from "./tables/evaluate.ts";
import { fit, type FitOptions, type Fitted } from "./tables/fit.ts";
import { learn, type LearnTableOptions, type LearntTable } from "./tables/learn.ts";
import { predict, predictWith, type PredictedRow, type PredictedTable, type PredictOptions } from "./tables/predict.ts";
import type { FileSource } from "./upload.ts";

interface ServerOptions {
  /** Of the server, e.g. `http://127.0.0.1:11418`; behind a proxy it may have a path, e.g. `https://host/hanami`. */
  readonly address: string;
  /** Default: the platform's `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
  /** Default: the platform's `WebSocket`, or in Node 20 that of the package `ws`. */
  readonly WebSocket?: WebSocketConstructor;
}

/** The server, and either a user with the passphrase or an API key (`hanami_…`). */
export type ClientOptions = ServerOptions &
  ((Credentials & { readonly key?: undefined }) | (KeyCredentials & { [Name in keyof Credentials]?: undefined }));

/** Paths are appended to the address, so it must not have a query or fragment. */
function isAddress(text: string): boolean {
  return /^https?:[^?#]*$/i.test(text) && URL.canParse(text);
}

/** Of what the options say who the client is, exactly one thing must be there. */
function credentialsOf({ user, passphrase, key }: ClientOptions): Credentials | KeyCredentials {
  if (key === undefined) {
    if (!user || !passphrase) throw new TypeError("User and passphrase are needed, or a key.");
    return { user, passphrase };
  }
  if (user || passphrase) throw new TypeError("Either a key, or user and passphrase.");
  // The text is not repeated: it may be another secret.
  if (!/^hanami_[A-Za-z0-9_-]+$/.test(key)) throw new TypeError("A key begins with 'hanami_'.");
  return { key };
}

/**
 * A user of one server. Logs in with the first call and renews the token automatically; with an API key it needs no
 * login. Objects keep their wire names;
 * failures throw a HanamiError, with a class for each status.
 */
export class HanamiClient {
  readonly projects: Projects;
  readonly users: Users;
  readonly keys: Keys;
  readonly datasets: Datasets;
  readonly clusters: Clusters;
  readonly tasks: Tasks;
  readonly checkpoints: Checkpoints;
  readonly hosts: Hosts;
  readonly logs: Logs;
  readonly system: System;
  readonly #session: Session;

  /** Throws TypeError for invalid options, such as those from an unset environment variable. */
  constructor(options: ClientOptions) {
    const { address, fetch, WebSocket } = options;
    if (!isAddress(address)) throw new TypeError(`No address of a server: ${address}`);
    // Browsers require `fetch` to be called as a method of the window.
    const http = { address, fetch: fetch ?? ((input, init) => globalThis.fetch(input, init)) };
    const session = new Session(http, credentialsOf(options));
    const context = { address, session, WebSocket };
    this.#session = session;
    this.projects = new Projects(session);
    this.users = new Users(session);
    this.keys = new Keys(session);
    this.datasets = new Datasets(context);
    this.clusters = new Clusters(context);
    this.tasks = new Tasks(session);
    this.checkpoints = new Checkpoints(context);
    this.hosts = new Hosts(session);
    this.logs = new Logs(session);
    this.system = new System(session);
  }

  /** Logs in if necessary. Throws UnauthorizedError when user or passphrase are wrong, TypeError with a key. */
  login(): Promise<TokenInfo> {
    return this.#session.token();
  }

  /** Switches to another project of the user. Throws TypeError with a key, which belongs to one project. */
  switchProject(project_id: string): Promise<TokenInfo> {
    return this.#session.switchProject(project_id);
  }

  /**
   * Learns a column of a table from the others, and tells how well, measured on rows that are held out. The file is
   * CSV, Parquet or Arrow. Throws TableError for a target that cannot be learnt; what was made is deleted then.
   */
  fit(file: FileSource, options: FitOptions): Promise<Fitted> {
    return fit(this, file, options);
  }

  /** What a cluster that has learnt a table, by uuid or name, answers to the rows of a file. */
  predict(
    cluster: string,
    file: FileSource,
    options?: PredictOptions,
  ): Promise<{ rows: PredictedRow[]; warnings: string[] }> {
    return predict(this, cluster, file, options);
  }

  /**
   * The same for large files: `use` downloads the answers, which are deleted afterwards. `keep` puts the file's columns
   * before them.
   */
  predictWith<T>(
    cluster: string,
    file: FileSource,
    use: (table: PredictedTable) => Promise<T>,
    options?: PredictOptions & { keep?: boolean },
  ): Promise<T> {
    return predictWith(this, cluster, file, use, options);
  }

  /** Compares a cluster's answers to the rows of a file with the targets there. */
  evaluate(cluster: string, file: FileSource, options?: EvaluateOptions): Promise<Evaluated> {
    return evaluate(this, cluster, file, options);
  }

  /** Teaches rows, one after another; with `prequential` it asks for each before, and scores the answers. */
  learn(
    cluster: string,
    rows: Iterable<Record<string, unknown>> | AsyncIterable<Record<string, unknown>>,
    options?: LearnTableOptions,
  ): Promise<LearntTable> {
    return learn(this, cluster, rows, options);
  }

  /**
   * What happens on the server, as far as the user may see it. Reconnects by itself and goes on after the last event;
   * after an event of the kind `stream.reset` some are lost. Ends by throwing the reason of the signal.
   */
  async *events(query: EventQuery = {}): AsyncGenerator<ServerEvent, void> {
    for await (const { id, kind, data } of listen(this.#session, query)) {
      if (kind !== undefined && data !== undefined) yield { id, kind, data };
    }
  }

  /** Calls any endpoint, by its path without the version, and returns the raw answer: `request("GET", "/host/all")`. */
  request(method: Method, path: string, input: Input = {}): Promise<unknown> {
    return this.#session.request(method, path, input);
  }
}
