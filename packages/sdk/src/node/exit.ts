/**
 * Flushes at the end of the program: at its natural end (asynchronously, at most 4 s), at
 * process.exit and after an uncaught error (in 'exit', at most 1 s). The exit code stays.
 */
import type { Telemetry } from '../export/telemetry.js';
import { endSpansOnUncaught } from './uncaught.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** Installs the handlers that `flushOn` asks for; `['exit']` by default. */
export function installExitHooks(started: Telemetry): void {
  const when = started.options.flushOn ?? ['exit'];
  if (when.includes('exit')) {
    let finished = false;
    process.on('beforeExit', () => {
      // It comes again after each flush. Once is enough: what a program records in beforeExit
      // handlers of its own is left to 'exit', or metrics would keep it alive for ever.
      if (finished || started.isShutDown) return;
      finished = true;
      void started.finish();
    });
    process.on('uncaughtExceptionMonitor', endSpansOnUncaught);
    process.on('exit', () => started.finishNow());
  }
  if (when.includes('signals')) for (const signal of SIGNALS) installSignal(started, signal);
}

function installSignal(started: Telemetry, signal: (typeof SIGNALS)[number]): void {
  process.once(signal, () => {
    void endBySignal(started, signal);
  });
}

async function endBySignal(started: Telemetry, signal: NodeJS.Signals): Promise<void> {
  await started.shutdown();
  // Someone else listens too: then the end is theirs. Else the signal does what it would have.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}
