import { Member, SLICE_MS } from "./fair-share.ts";
import { Heap } from "./heap.ts";
import { Members } from "./members.ts";

/** The project and cluster that a call belongs to. */
export interface CallOwner {
  projectId: string;
  clusterUuid: string;
}

export interface NewCall {
  owner: CallOwner;
  isShort: boolean;
  carryOut(turn: Turn): Promise<void>;
}

interface WaitingCall extends NewCall {
  /** Order of arrival. */
  number: number;
}

/** What calls that are short, and slices, take at most, unless something unforeseen happens. */
const SHORT_MAX = 8;
const LONG_MAX = 2 * SLICE_MS;

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

  /**
   * The cluster whose short call may come before the long ones: it is within its share, and no other one is behind.
   * `isBetween`: in the middle of another call, where long ones cannot come.
   */
  leading(isBetween: boolean): Cluster | undefined {
    const short = this.short.first;
    if (short === undefined || !this.clusters.isWithin(short)) return undefined;
    const mustWait = this.first !== short && (this.clusters.isBehind(this.first!) || this.clusters.isLeadOver);
    return mustWait && !isBetween ? undefined : short;
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
  /** It is short and came before long calls. */
  readonly isLeading: boolean;
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

  add(call: NewCall): void {
    const project = this.#projects.of(call.owner.projectId);
    const cluster = project.clusters.of(call.owner.clusterUuid);
    if (!project.isPresent) this.#projects.join(project);
    if (!cluster.isPresent) project.clusters.join(cluster);
    cluster.calls.push({ ...call, number: this.#number++ });
    this.#count(call, 1);
    if (!cluster.isRunning && cluster.calls.length === 1) this.#put(project, cluster);
  }

  /**
   * Gives a turn to the call that comes next, if any: of the project that has used the least if it is behind; else a
   * short one of a project within its share, which may be a slice ahead because of its trainings; else, unless
   * `onlyShort`, of the project that has used the least.
   */
  take({ onlyShort, mayCome }: { onlyShort: boolean; mayCome: (projectId: string) => boolean }): Turn | undefined {
    const projects = this.#projects;
    let [neediest, leader]: [Project?, Project?] = [];
    for (const each of this.#waiting) {
      if (!mayCome(idOf(each))) continue;
      if (isBefore(each, neediest)) neediest = each;
      const mayLead = each.leading(onlyShort) !== undefined && projects.isWithin(each, SLICE_MS);
      if (mayLead && isBefore(each, leader)) leader = each;
    }
    if (neediest === undefined) return undefined;
    if (onlyShort) return leader && this.#start(leader, leader.leading(true)!);
    if (projects.isBehind(neediest) || projects.isLeadOver) leader = neediest;
    const leading = leader?.leading(false);
    if (leading !== undefined) return this.#start(leader!, leading, { isLeading: true });
    projects.endLead();
    neediest.clusters.endLead();
    return this.#start(neediest, neediest.first!);
  }

  /** The projects whose calls wait. */
  *projectIds(): Iterable<string> {
    for (const project of this.#waiting) yield idOf(project);
  }

  /** Charges a running call for the time that it has taken so far. */
  charge(turn: Turn, tookMs: number): void {
    const { project, cluster } = turn;
    const ms = Math.max(0, tookMs - turn.charged);
    turn.charged += ms;
    this.#projects.charge(project, ms, turn.isLeading);
    project.clusters.charge(cluster, ms, turn.isLeading);
  }

  end(turn: Turn, tookMs: number): void {
    const { project, cluster } = turn;
    this.charge(turn, tookMs);
    const ordinaryMs = turn.call.isShort ? SHORT_MAX : LONG_MAX;
    this.#projects.ended(project, tookMs, ordinaryMs);
    project.clusters.ended(cluster, tookMs, ordinaryMs);
    cluster.isRunning = false;
    project.running -= 1;
    if (cluster.calls.length > 0) this.#put(project, cluster);
    else project.clusters.leave(cluster);
    if (project.running === 0 && !this.#waiting.has(project)) this.#projects.leave(project);
  }

  /** Forgets what was used: no call waits, so nobody has a claim to the next turn. */
  reset(): void {
    this.#projects = new Members(() => new Project());
    this.#waiting.clear();
  }

  #start(project: Project, cluster: Cluster, { isLeading = false } = {}): Turn {
    project.take(cluster);
    const call = cluster.calls.shift()!;
    this.#count(call, -1);
    cluster.isRunning = true;
    project.running += 1;
    if (project.first === undefined) this.#waiting.delete(project);
    return { call, project, cluster, isLeading, charged: 0 };
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

const isBefore = (a: Project, b: Project | undefined) =>
  b === undefined || a.used < b.used || (a.used === b.used && a.first!.calls[0]!.number < b.first!.calls[0]!.number);

const idOf = (project: Project): string => project.first!.calls[0]!.owner.projectId;
