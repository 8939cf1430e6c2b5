/** Cells cannot be encoded, or a stored encoder is unusable; the message says why, and names the column. */
export class EncoderError extends Error {
  override name = "EncoderError";
}
