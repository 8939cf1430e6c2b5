/** Error texts for an invalid input. The odd spelling and the double blank belong to the contract. */
export const validationTexts = {
  unknownKey: (key: string) => `Validation failed, because item '${key}' is not in the list of allowed keys`,
  required: (key: string) => `Validation failed, because variable '${key}' is required, but is not set.`,
  oneOf: (key: string, other: string) => `Validation failed, because only one of '${key}' and '${other}' can be set.`,
  type: (key: string, word: string) =>
    `Value-validation failed, because a item '${key}'  has the false type: Exprect ${word}-type.`,
  pattern: (key: string, source: string) => `Given item '${key}' doesn't match with regex "${source}"`,
  shorter: (key: string, chars: number) => `Given item '${key}' is shorter than ${chars} characters`,
  longer: (key: string, chars: number) => `Given item '${key}' is longer than ${chars} characters`,
  /** `problem` comes from `nameProblem`. */
  name: (key: string, problem: string) => `Validation failed, because item '${key}' is not valid: the name ${problem}`,
  smaller: (key: string, minimum: number) => `Given item '${key}' is smaller than ${minimum}`,
  bigger: (key: string, maximum: number) => `Given item '${key}' is bigger than ${maximum}`,
};
