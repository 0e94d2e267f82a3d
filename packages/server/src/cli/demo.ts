import { parseArgs } from 'node:util';

import { startDemo } from '../demo/demo.js';
import type { DemoOptions } from '../demo/demo.js';
import { UsageError } from './flags.js';

const HELP = `Usage: codomyrmex-telemetry demo [options]

  --endpoint URL     where telemetry goes (default: OTEL_EXPORTER_OTLP_ENDPOINT, else
                     http://localhost:4318)
  --rate N           how busy the shop is: 1, the default, is about 40 spans a second (at most 50)
  --duration SECONDS ends by itself (default: runs until Ctrl-C)
`;

/** Busier than this the demo would use more than a core of a small machine. */
const RATE_LIMIT = 50;

/**
 * `demo`: a shop with agents, made with our SDK, that sends to a backend until SIGINT, SIGTERM or
 * its duration ends it. The first line on stdout comes when the first trace has been sent. Resolves
 * with the exit code. Throws UsageError.
 */
export async function runDemo(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(HELP);
    return 0;
  }
  const { options, durationSeconds } = demoOptions(args);
  const end = ended(durationSeconds);
  const demo = await startDemo(options);
  process.stdout.write(
    demo.isReceived
      ? `The demo sends to ${demo.endpoint}; Ctrl-C ends it\n`
      : `No backend answers at ${demo.endpoint} yet; the demo runs on. Start one with: ` +
          'codomyrmex-telemetry\n',
  );
  await end;
  await demo.stop();
  return 0;
}

/** Reads the flags. Throws UsageError that names the one that is wrong. */
export function demoOptions(args: readonly string[]): {
  readonly options: DemoOptions;
  readonly durationSeconds: number | undefined;
} {
  const values = parsed(args);
  const endpoint = values['endpoint'];
  if (endpoint !== undefined && !/^https?:$/.test(urlProtocol(endpoint))) {
    throw new UsageError(`--endpoint is ${JSON.stringify(endpoint)}: say an http or https URL`);
  }
  const rate = positive('rate', values['rate'] ?? '1');
  if (rate > RATE_LIMIT) throw new UsageError(`--rate is ${rate}: say at most ${RATE_LIMIT}`);
  const duration = values['duration'];
  return {
    options: { rate, ...(endpoint === undefined ? {} : { endpoint }) },
    durationSeconds: duration === undefined ? undefined : positive('duration', duration),
  };
}

function parsed(args: readonly string[]): Readonly<Record<string, string | undefined>> {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: { endpoint: text, rate: text, duration: text },
      strict: true,
    }).values;
  } catch (error: unknown) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function urlProtocol(text: string): string {
  return URL.canParse(text) ? new URL(text).protocol : '';
}

function positive(name: string, text: string): number {
  const value = Number(text);
  // A timer takes 31 bits of milliseconds: 24 days.
  if (text.trim() !== '' && value > 0 && value <= 2_000_000) return value;
  throw new UsageError(`--${name} is ${JSON.stringify(text)}: say a number above 0`);
}

function ended(durationSeconds: number | undefined): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve()).once('SIGTERM', () => resolve());
    if (durationSeconds !== undefined) setTimeout(() => resolve(), durationSeconds * 1000);
  });
}
