import { OPEN_MAX } from "../../network/constants.ts";
import type { Arrays } from "../../network/layout.ts";
import type { SectionKind } from "../../network/section-kind.ts";

/** What a source value does to a section's ramps. */
export class Activation {
  /** Activation of each ramp, the first `touched` ones being > 0. */
  readonly ramps = new Float32Array(4);
  /** Slope of the last touched ramp over the source value; 0 where it is saturated. */
  slope = 0;

  /** Computes the activations of `section` for a source value > 0 and returns how many ramps are touched. */
  compute({ lower, range, ramps, ends }: Arrays, section: number, kind: SectionKind, value: number): number {
    this.slope = 0;
    // Rounded to 32 bits like every other implementation, so that all agree on which ramps are touched.
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
