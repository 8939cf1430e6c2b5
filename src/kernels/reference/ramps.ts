import { OPEN_MAX } from "../../network/constants.ts";
import type { Arrays } from "../../network/layout.ts";
import type { SectionKind } from "../../network/section-kind.ts";

/** The effect of a source value on a section's ramps. */
export class Activation {
  /** Activation of each ramp; valid for the touched ramps, which come first. */
  readonly ramps = new Float32Array(4);
  /** Slope of the last touched ramp over the source value; 0 if the ramp is saturated. */
  slope = 0;

  /** Computes the activations of `section` for a source value > 0 and returns the number of touched ramps. */
  compute({ lower, range, ramps, ends }: Arrays, section: number, kind: SectionKind, value: number): number {
    this.slope = 0;
    // All implementations round to 32 bits here, so that they agree on which ramps are touched.
    const above = Math.fround(value - lower[section]!);
    const isOver = above > range[section]!;
    const x = isOver ? range[section]! : above;
    const used = ramps[section]!;
    let start = 0;
    for (let r = 0; r < used; r++) {
      const end = ends[section * 4 + r]!;
      if (kind.match ? x < end : x <= start) return r;
      const rise = kind.match ? 1 : (x - start) / (end - start);
      const limit = r === used - 1 && !kind.fromInput ? OPEN_MAX : 1;
      this.ramps[r] = rise < limit ? rise : limit;
      if (rise < limit && !isOver) this.slope = 1 / (end - start);
      start = end;
    }
    return used;
  }
}
