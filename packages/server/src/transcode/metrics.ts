import type { Transcoded } from './transcoded.js';
import type { Input } from './scan.js';
export function readMetrics(input: Input, ingestTime: bigint): Transcoded {
  throw new Error(`${input.at}${ingestTime}`);
}
