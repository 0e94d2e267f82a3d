import { runProgram } from './backend.js';

/** What `codomyrmex-telemetry bench-load --json` says. */
export interface Load {
  readonly acknowledged: {
    readonly traces: number;
    readonly logs: number;
    readonly metrics: number;
  };
  readonly stored: { readonly spans: number; readonly logs: number; readonly points: number };
  readonly refused: number;
  readonly seconds: number;
  readonly recordsPerSecond: number;
  readonly requestsPerSecond: number;
  readonly answerMillis: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly generatorCpuSeconds: number;
}

/**
 * Runs the load generator that users have, in a process of its own, with these arguments. Rejects
 * when the server does not store what it acknowledged, no less and no more.
 */
export async function runLoad(args: readonly string[]): Promise<Load> {
  const child = runProgram(['bench-load', '--json', ...args], 'pipe');
  let output = '';
  for await (const chunk of child.stdout ?? []) output += String(chunk);
  const load = JSON.parse(output) as Load;
  const { acknowledged, stored } = load;
  if (
    stored.spans !== acknowledged.traces ||
    stored.logs !== acknowledged.logs ||
    stored.points !== acknowledged.metrics
  ) {
    throw new Error(`stored is not what was acknowledged: ${output}`);
  }
  return load;
}
