import { Member, SLICE_MS } from "./fair-share.ts";
import { Heap } from "./heap.ts";
import { Members } from "./members.ts";

/** The project and cluster that a call belongs to. */
export interface CallOwner {
  projectId: string;
  clusterUuid: string;
}

export interface WaitingCall {
  owner: CallOwner;
  isShort: boolean;
  /** Order of arrival. */
  number: number;
  carryOut(): Promise<void>;
}

class Cluster extends Member {
  /** In order of arrival. */
  readonly calls: WaitingCall[] = [];
  isRunning = false;
}

const comesBefore = (a: Cluster, b: Cluster) =>
  a.used < b.used || (a.used === b.used && a.calls[0]!.number < b.calls[0]!.number);

class Project extends Member {
  readonly clusters = new Members(() => new Cluster());
  /** The clusters with calls, by the kind of their first one, without those that run. */
  readonly short = new Heap<Cluster>(comesBefore);
  readonly long = new Heap<Cluster>(comesBefore);
  running = 0;

  /** The cluster whose short call may come before the long ones, because it is within its share of the project. */
  get firstShort(): Cluster | undefined {
    const cluster = this.short.first;
    return cluster !== undefined && this.clusters.isWithin(cluster) ? cluster : undefined;
  }

  get first(): Cluster | undefined {
    const [short, long] = [this.short.first, this.long.first];
    if (short === undefined || long === undefined) return short ?? long;
    return comesBefore(long, short) ? long : short;
  }

  put(cluster: Cluster): void {
    (cluster.calls[0]!.isShort ? this.short : this.long).push(cluster);
  }

  take(cluster: Cluster): void {
    (this.short.first === cluster ? this.short : this.long).shift();
  }
}

/** A call that has its turn, until `end`. */
export interface Turn {
  readonly call: WaitingCall;
  readonly project: Project;
  readonly cluster: Cluster;
  /** Time that its project and cluster were charged so far. */
  charged: number;
}

/** Calls that wait for a host, and the times that their projects and clusters have used. */
export class WaitingCalls {
  #projects = new Members(() => new Project());
  /** Projects with a call that could be next. */
  readonly #waiting = new Set<Project>();
  #number = 0;
  #shorts = 0;
  #calls = 0;

  get isEmpty(): boolean {
    return this.#calls === 0;
  }

  get hasShort(): boolean {
    return this.#shorts > 0;
  }

  add(owner: CallOwner, call: Pick<WaitingCall, "isShort" | "carryOut">): void {
    const project = this.#projects.of(owner.projectId);
    const cluster = project.clusters.of(owner.clusterUuid);
    if (!project.isPresent) this.#projects.join(project);
    if (!cluster.isPresent) project.clusters.join(cluster);
    cluster.calls.push({ ...call, owner, number: this.#number++ });
    this.#count(call, 1);
    if (!cluster.isRunning && cluster.calls.length === 1) this.#put(project, cluster);
  }

  /** Gives a turn to the call that comes next, if any: among those that are short and within their share, or all. */
  take({ onlyShort, mayCome }: { onlyShort: boolean; mayCome: (projectId: string) => boolean }): Turn | undefined {
    return this.#take(mayCome, true) ?? (onlyShort ? undefined : this.#take(mayCome, false));
  }

  /** The projects whose calls wait. */
  *projectIds(): Iterable<string> {
    for (const project of this.#waiting) yield idOf(project);
  }

  /** Charges a running call for the time that it has taken so far. */
  charge(turn: Turn, tookMs: number): void {
    const { project, cluster } = turn;
    const ms = tookMs - turn.charged;
    turn.charged = tookMs;
    this.#projects.charge(project, ms);
    project.clusters.charge(cluster, ms);
  }

  end(turn: Turn, tookMs: number): void {
    const { project, cluster } = turn;
    this.charge(turn, tookMs);
    this.#projects.forgiveAll(tookMs);
    project.clusters.forgiveAll(tookMs);
    cluster.isRunning = false;
    project.running -= 1;
    if (cluster.calls.length > 0) {
      project.clusters.stay(cluster);
      this.#put(project, cluster);
    } else project.clusters.leave(cluster);
    if (this.#waiting.has(project)) this.#projects.stay(project);
    else if (project.running === 0) this.#projects.leave(project);
  }

  /** Forgets what was used: no call waits, so nobody has a claim to the next turn. */
  reset(): void {
    this.#projects = new Members(() => new Project());
    this.#waiting.clear();
  }

  #take(mayCome: (projectId: string) => boolean, onlyShort: boolean): Turn | undefined {
    let [project, cluster]: [Project?, Cluster?] = [];
    for (const each of this.#waiting) {
      if (onlyShort && !this.#projects.isWithin(each, SLICE_MS)) continue;
      const first = onlyShort ? each.firstShort : each.first;
      if (first === undefined || !mayCome(idOf(each))) continue;
      const isFirst =
        project === undefined ||
        each.used < project.used ||
        (each.used === project.used && first.calls[0]!.number < cluster!.calls[0]!.number);
      if (isFirst) [project, cluster] = [each, first];
    }
    return project === undefined ? undefined : this.#start(project, cluster!);
  }

  #start(project: Project, cluster: Cluster): Turn {
    project.take(cluster);
    const call = cluster.calls.shift()!;
    this.#count(call, -1);
    cluster.isRunning = true;
    project.running += 1;
    if (project.first === undefined) this.#waiting.delete(project);
    this.#projects.start(project);
    project.clusters.start(cluster);
    return { call, project, cluster, charged: 0 };
  }

  #put(project: Project, cluster: Cluster): void {
    project.put(cluster);
    this.#waiting.add(project);
  }

  #count({ isShort }: Pick<WaitingCall, "isShort">, change: 1 | -1): void {
    this.#calls += change;
    if (isShort) this.#shorts += change;
  }
}

const idOf = (project: Project): string => project.first!.calls[0]!.owner.projectId;
