import type { OutputScores } from "hanami-sdk";
import { cellText } from "./cell-text.ts";
import { renderTable } from "./table.ts";

interface Score {
  title: string;
  of: (scores: OutputScores) => number | null | undefined;
  isShare?: boolean;
}

const SCORES: readonly Score[] = [
  { title: "accuracy", of: ({ accuracy }) => accuracy, isShare: true },
  { title: "balanced accuracy", of: ({ balanced_accuracy }) => balanced_accuracy, isShare: true },
  { title: "log loss", of: ({ log_loss }) => log_loss },
  { title: "AUC", of: ({ auc }) => auc },
  { title: "mean absolute error", of: ({ mae }) => mae },
  { title: "root mean square error", of: ({ rmse }) => rmse },
  { title: "R²", of: ({ r2 }) => r2 },
];
/** Larger confusion matrices fit no terminal. */
const CLASSES_MAX = 12;

const shown = (value: number | null | undefined, isShare: boolean) =>
  value === null || value === undefined
    ? "-"
    : isShare
      ? `${(100 * value).toFixed(1)} %`
      : String(Number(value.toPrecision(4)));

/** The scores of rows beside those of a baseline. */
export function scoresTable(metrics: OutputScores, baseline: OutputScores): string {
  const always = baseline.class === undefined ? shown(baseline.mean, false) : `'${baseline.class}'`;
  const rows = SCORES.filter(({ of }) => of(metrics) !== undefined).map(({ title, of, isShare = false }) => [
    title,
    shown(of(metrics), isShare),
    shown(of(baseline), isShare),
  ]);
  const rowCount = metrics.rows === 1 ? "1 row" : `${metrics.rows} rows`;
  return renderTable({ header: [rowCount, "network", cellText(`always ${always}`)], rows });
}

/** How often each class was answered for each; empty for numbers and for many classes. */
export function confusionTable({ confusion, classes = [] }: OutputScores): string {
  if (confusion === undefined || confusion.classes.length > CLASSES_MAX) return "";
  const byName = new Map(classes.map((each) => [each.class, each]));
  const rows = confusion.classes.map((name, truth) => {
    const scores = byName.get(name);
    const counts = (confusion.counts[truth] ?? []).map(String);
    return [
      cellText(name),
      ...counts,
      shown(scores?.precision, true),
      shown(scores?.recall, true),
      shown(scores?.f1, true),
    ];
  });
  const header = ["truth \\ answer", ...confusion.classes.map((name) => cellText(name)), "precision", "recall", "F1"];
  return renderTable({ header, rows });
}

/** The score that tells most, for a line of progress. */
export function leadingScore(scores: OutputScores | undefined): string {
  if (scores === undefined) return "";
  const { accuracy, rmse } = scores;
  return accuracy === undefined ? `RMSE ${shown(rmse, false)}` : `accuracy ${shown(accuracy, true)}`;
}
