/** Stands for "whatever it shows is right" where kernels read what an output neuron should show. */
export const NO_OPINION = -1;
/** Stands in any place of a sample that must not teach at all. */
export const EXCLUDED = -2;
