/**
 * The current span's context in the environment of child processes: spawn, exec, execFile and fork
 * all end in one method of ChildProcess. (The Sync variants do not; they take `childEnv`.)
 */
import { ChildProcess } from 'node:child_process';
import { propagation } from '@opentelemetry/api';
import type { TextMapSetter } from '@opentelemetry/api';
import { activeContext, isSuppressed, spanOf } from '../common/context.js';
import { guarded } from './guard.js';

type Spawn = (this: unknown, options: { envPairs?: unknown }) => unknown;

const setter: TextMapSetter<string[]> = {
  set(pairs, name, value) {
    setPair(pairs, name.toUpperCase().replaceAll('-', '_'), value);
  },
};

let isOn = false;
let isWrapped = false;

/** Hands the current context to child processes. Returns what switches it off. */
export function traceChildProcesses(): () => void {
  isOn = true;
  wrapSpawn();
  return () => {
    isOn = false;
  };
}

function wrapSpawn(): void {
  if (isWrapped) return;
  isWrapped = true;
  const prototype = ChildProcess.prototype as unknown as { spawn?: Spawn };
  const original = prototype.spawn;
  if (original === undefined) return;
  prototype.spawn = function tracedSpawn(this: unknown, options): unknown {
    if (isOn && Array.isArray(options?.envPairs)) addContext(options.envPairs);
    return original.call(this, options);
  };
}

const addContext = guarded<string[]>((pairs) => {
  const context = activeContext();
  if (spanOf(context) === undefined || isSuppressed(context)) return;
  propagation.inject(context, pairs, setter);
});

/** Sets `NAME=value`, unless the program chose another value than this process was given. */
function setPair(pairs: string[], name: string, value: string): void {
  const start = `${name}=`;
  const index = pairs.findIndex((pair) => typeof pair === 'string' && pair.startsWith(start));
  if (index < 0) pairs.push(start + value);
  else if (pairs[index] === start + (process.env[name] ?? '')) pairs[index] = start + value;
}
