/** Scores of one output, or of all; those that are not defined are absent. */
export interface CurveScores {
  /** Log loss of classes, unexplained variance of numbers. */
  loss?: number;
  accuracy?: number;
  /** Root of the mean squared error, in the unit of the column. */
  error?: number;
}

/** Scores of all outputs together, and of each. */
export interface CurveMeasurement extends CurveScores {
  outputs: Record<string, CurveScores>;
}

/** The scores of one output, and what they are. */
export interface ScoredCurveOutput extends CurveScores {
  name: string;
  isNumber: boolean;
}

/** Digits of a score that clients get. */
const DIGITS = 7;

export const shortScore = (score: number) => Number(score.toPrecision(DIGITS));

const meanOf = (values: readonly (number | undefined)[]) => {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0) / known.length;
};

/** The scores that are finite numbers, rounded. */
export function finiteScores(scores: { [Key in keyof CurveScores]: number | null | undefined }): CurveScores {
  const finite: CurveScores = {};
  for (const key of ["loss", "accuracy", "error"] as const) {
    const value = scores[key];
    if (Number.isFinite(value)) finite[key] = shortScore(value as number);
  }
  return finite;
}

/** Means over the outputs that have a score. There is one error only of one number: others have other units. */
export function measurementOf(outputs: readonly ScoredCurveOutput[]): CurveMeasurement {
  const numbers = outputs.filter(({ isNumber }) => isNumber);
  const all = finiteScores({
    loss: meanOf(outputs.map(({ loss }) => loss)),
    accuracy: meanOf(outputs.map(({ accuracy }) => accuracy)),
    error: numbers.length === 1 ? numbers[0]!.error : undefined,
  });
  const each = outputs.map(
    ({ name, loss, accuracy, error }) => [name, finiteScores({ loss, accuracy, error })] as const,
  );
  return { ...all, outputs: Object.fromEntries(each) };
}
