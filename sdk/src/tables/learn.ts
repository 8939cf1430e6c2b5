import { BadRequestError } from "../errors.ts";
import { TableError, type TableResources } from "./resources.ts";
import { RollingScore, type RollingScores } from "./rolling-score.ts";

export interface LearnTableOptions {
  /** Ask for each row before it is learnt, and score the answers. */
  prequential?: boolean;
  /** The column with the targets; default: the one that the cluster has learnt. */
  target?: string;
  /** Rows of the rolling score; default 1000. */
  window?: number;
  onProgress?: (progress: LearnProgress) => void;
  signal?: AbortSignal;
}

export interface LearnProgress {
  rows: number;
  scores?: RollingScores;
}

export interface LearntTable {
  cluster_uuid: string;
  target: string;
  /** Rows that were sent, and those of them with a target, which were learnt. */
  rows: number;
  learnt: number;
  /** Only with `prequential`. */
  scores?: RollingScores;
  warnings: string[];
}

/** A row by column. */
type NamedRow = Record<string, unknown>;

const WINDOW_ROWS = 1000;
const BATCH_ROWS_MAX = 500;
/** Cells and commas in one request, and cells of one answer: less than the server takes. */
const ITEMS_MAX = 12_000;
const ANSWERED_MAX = 90_000;

/** Learns rows one after another, in order. */
export async function learn(
  resources: Pick<TableResources, "clusters">,
  cluster: string,
  rows: Iterable<NamedRow> | AsyncIterable<NamedRow>,
  options: LearnTableOptions = {},
): Promise<LearntTable> {
  const { prequential = false, window = WINDOW_ROWS, onProgress, signal } = options;
  const { clusters } = resources;
  const cluster_uuid = await resources.clusters.find(cluster);
  const { inputs, outputs } = await clusters.columns(cluster_uuid);
  const [output, second] = outputs;
  if (inputs.length === 0 || output === undefined || second !== undefined) {
    throw new TableError("The cluster needs an input (table) and one output (class) or (number).");
  }
  const learnt = output.column ?? options.target;
  if (learnt === undefined) throw new TableError("The cluster has not learnt yet: say which column is the target.");
  const given = options.target ?? learnt;
  const score = new RollingScore(output.kind, window);
  const result: LearntTable = { cluster_uuid, target: given, rows: 0, learnt: 0, warnings: [] };
  const warnings = new Set<string>();

  const send = async (batch: readonly NamedRow[]): Promise<void> => {
    signal?.throwIfAborted();
    const targets = output.column === null ? { targets: { [output.hexagon_name]: learnt } } : {};
    let answer;
    try {
      answer = await clusters.learn(cluster_uuid, batch, { predict: prequential, ...targets });
    } catch (error) {
      // Cells with many commas.
      if (!(error instanceof BadRequestError) || !/items|bytes/.test(error.message) || batch.length === 1) throw error;
      const middle = batch.length >> 1;
      await send(batch.slice(0, middle));
      return send(batch.slice(middle));
    }
    for (const [at, predicted] of (answer.rows ?? []).entries()) {
      const cell = (predicted as NamedRow | null)?.[`predicted_${learnt}`];
      score.add(cell, batch[at]?.[learnt]);
    }
    for (const warning of answer.warnings) warnings.add(warning);
    result.rows += batch.length;
    result.learnt += answer.learnt;
    onProgress?.({ rows: result.rows, ...(prequential ? { scores: score.scores } : {}) });
  };

  let batch: NamedRow[] = [];
  let items = 0;
  for await (const row of rows) {
    batch.push(given === learnt ? row : renamed(row, given, learnt));
    const cells = Object.keys(row).length + 2;
    items += cells;
    const most = Math.min(BATCH_ROWS_MAX, Math.floor(ANSWERED_MAX / (output.classes.length + 1)));
    if (batch.length >= most || items + cells > ITEMS_MAX) {
      await send(batch);
      batch = [];
      items = 0;
    }
  }
  if (batch.length > 0) await send(batch);
  if (result.rows === 0) throw new TableError("There are no rows to learn.");
  return { ...result, ...(prequential ? { scores: score.scores } : {}), warnings: [...warnings] };
}

const renamed = (row: NamedRow, from: string, to: string): NamedRow =>
  Object.fromEntries(Object.entries(row).map(([name, cell]) => [name === from ? to : name, cell]));
