#!/usr/bin/env node
import { serverVersion } from '../main.js';
import { UsageError } from './flags.js';
import { serve } from './serve.js';

/** Runs a command; each lives in a file of its own and is loaded only when asked for. */
async function run(args: readonly string[]): Promise<number> {
  const [first, ...rest] = args;
  if (first === undefined || first.startsWith('-')) {
    if (first === '--version' || first === '-v') {
      process.stdout.write(`${serverVersion()}\n`);
      return 0;
    }
    return serve(args, process.env);
  }
  if (first === 'serve') return serve(rest, process.env);
  if (first === 'demo') {
    const { runDemo } = await import('./demo.js');
    return runDemo(rest);
  }
  if (first === 'delete') {
    const { runDelete } = await import('./delete.js');
    return runDelete(rest, process.env);
  }
  if (first === 'bench-load') {
    const { runBenchLoad } = await import('./bench-load.js');
    return runBenchLoad(rest, process.env);
  }
  throw new UsageError(
    `unknown command ${first}; the commands are: serve, demo, delete, bench-load`,
  );
}

try {
  process.exitCode = await run(process.argv.slice(2));
  if (process.exitCode === 0) process.exit();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`codomyrmex-telemetry: ${message}\n`);
  if (error instanceof UsageError) process.stderr.write('Try codomyrmex-telemetry --help\n');
  process.exit(error instanceof UsageError ? 2 : 1);
}
