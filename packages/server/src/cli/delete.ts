import { parseArgs } from 'node:util';

import { UsageError } from './flags.js';
import { tokenOf } from './serve-options.js';

const HELP = `Usage: codomyrmex-telemetry delete --all | --service NAME [options]

Deletes records from a running server; views and settings stay.

  --all                       every span, log and point
  --service NAME              every record of one service
  --url URL                   the server's page (default http://127.0.0.1:4320)
  --auth-token TOKEN          its token, or file:PATH (default: CODOMYRMEX_TELEMETRY_AUTH_TOKEN)
`;

/**
 * `delete`: resolves with the exit code. Throws UsageError, and an Error that says what to do when
 * no server answers or it refuses.
 */
export async function runDelete(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(HELP);
    return 0;
  }
  const values = parsed(args);
  const service = values.service;
  if ((service === undefined) === (values.all !== true)) {
    throw new UsageError('say what to delete: either --all or --service NAME');
  }
  const question = service === undefined ? 'all=true' : `service=${encodeURIComponent(service)}`;
  const base = values.url ?? 'http://127.0.0.1:4320';
  if (!URL.canParse(base)) throw new UsageError(`--url is ${JSON.stringify(base)}: say a URL`);
  const token = tokenOf(values['auth-token'] ?? env['CODOMYRMEX_TELEMETRY_AUTH_TOKEN']);
  const headers: Record<string, string> =
    token === undefined ? {} : { authorization: `Bearer ${token}` };
  const url = new URL(`/api/v1/data?${question}`, base);
  const response = await fetch(url, { method: 'DELETE', headers }).catch((error: unknown) => {
    throw new Error(`no server answers at ${base}: start it, or say where it is with --url`, {
      cause: error,
    });
  });
  if (response.status !== 204) {
    throw new Error(`the server refused (${response.status}): ${(await response.text()).trim()}`);
  }
  process.stdout.write(service === undefined ? 'deleted every record\n' : `deleted ${service}\n`);
  return 0;
}

function parsed(args: readonly string[]): {
  all?: boolean;
  service?: string;
  url?: string;
  'auth-token'?: string;
} {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: { all: { type: 'boolean' }, service: text, url: text, 'auth-token': text },
      strict: true,
    }).values;
  } catch (error: unknown) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
