import { spawn } from 'node:child_process';

import { SHUTDOWN_MILLIS } from '../limits.js';
import { type RunningServer, startServer } from '../main.js';
import { parseFlags, serveHelp } from './flags.js';
import { serveOptions } from './serve-options.js';

/**
 * `serve`: runs until SIGINT, SIGTERM or (with --exit-with-stdin) the end of standard input.
 * Resolves with the exit code. Throws UsageError and what startServer throws.
 */
export async function serve(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(serveHelp());
    return 0;
  }
  const flags = parseFlags(args, env);
  const options = serveOptions(flags);
  const stop = stopRequested(flags.switches.has('exit-with-stdin'));
  const started = performance.now();
  const server = await startServer(options);
  const millis = Math.round(performance.now() - started);
  process.stdout.write(flags.switches.has('json') ? readyLine(server) : greeting(server, millis));
  if (flags.switches.has('open')) openBrowser(server.loginUrl);
  await stop;
  // The engine cannot be interrupted in native code: leave in time whatever it does.
  setTimeout(() => process.exit(0), SHUTDOWN_MILLIS + 500).unref();
  await server.close();
  return 0;
}

function stopRequested(withStdin: boolean): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      resolve();
    };
    process.once('SIGINT', stop).once('SIGTERM', stop);
    if (withStdin) process.stdin.on('end', stop).on('error', stop).resume();
  });
}

/** The contract's line (contracts.md §3): the first on stdout, once ready to take requests. */
function readyLine(server: RunningServer): string {
  return `${JSON.stringify({
    event: 'ready',
    pid: process.pid,
    url: server.url,
    otlpHttp: server.otlpHttp ?? null,
    otlpGrpc: server.otlpGrpc ?? null,
    dataDir: server.dataDir,
  })}\n`;
}

function greeting(server: RunningServer, millis: number): string {
  const otlp = server.otlpHttp ?? server.url;
  return [
    `Codomyrmex Telemetry is ready (${millis} ms)`,
    `  page   ${server.loginUrl}`,
    `  OTLP   ${otlp}  (http/protobuf and http/json)`,
    ...(server.otlpGrpc === undefined ? [] : [`         http://${server.otlpGrpc}  (grpc)`]),
    `  data   ${server.dataDir}`,
    `  send   OTEL_EXPORTER_OTLP_ENDPOINT=${otlp} OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf`,
    '',
  ].join('\n');
}

function openBrowser(url: string): void {
  const command = process.platform === 'darwin' ? 'open' : 'xdg-open';
  spawn(command, [url], { stdio: 'ignore', detached: true })
    .on('error', () => {
      process.stderr.write(`cannot open a browser; the page is ${url}\n`);
    })
    .unref();
}
