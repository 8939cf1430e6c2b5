export { formatTimestamp } from "../timestamp.ts";
