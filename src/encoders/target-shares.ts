/** What networks are taught for a table's target. The kernels' compiler reads this file: it contains only numbers. */

/** What the class of a row is taught as; the others share the rest. */
export const CLASS_SHARE = 0.9;
/** What the begin and the end of a ramp are taught as: outputs reach 0 and 1 only in the limit. */
export const RAMP_LOW = 0.05;
export const RAMP_HIGH = 0.95;
