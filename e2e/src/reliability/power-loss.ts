import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  truncateSync,
} from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';

import { type Backend, PROGRAM, startProgram } from '../backend.js';
import { DurableState, type Survivor } from './durable-state.js';
import type { OtlpPost } from './requests.js';
import { type SystemCall, systemCalls, TRACED_CALLS } from './syscalls.js';

/** A request that was answered 200. */
export interface Acknowledged {
  /** The name of its service, and of no other request's. */
  readonly marker: string;
  readonly records: number;
  /** The client's port: the answer's socket in the trace. */
  readonly clientPort: number;
}

/** A server whose system calls are written down. Removals are only pretended: see `stateAt`. */
export interface TracedServer {
  readonly backend: Backend;
  /** SIGKILL; then what was written down. */
  kill(): Promise<Trace>;
}

export interface Trace {
  readonly calls: readonly SystemCall[];
  readonly root: string;
}

/** Whether strace is there and may trace. */
export function canTrace(): boolean {
  try {
    execFileSync('strace', ['-f', '-o', '/dev/null', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Starts a server on an empty directory under strace. */
export async function startTraced(
  folder: string,
  flags: readonly string[] = [],
): Promise<TracedServer> {
  const root = join(folder, 'data');
  const log = join(folder, 'trace');
  const traced = ['strace', '-f', '-y', '-yy', '-qq', '-s', '2000', '-o', log];
  const calls = ['-e', `trace=${TRACED_CALLS}`, '-e', 'signal=none'];
  // Removals are answered "done" and not done, so that a state in which they are not durable can
  // be made afterwards; in the other states what they removed is left out.
  const kept = ['-e', 'inject=?unlink,unlinkat,?rmdir:retval=0'];
  const serve = [process.execPath, PROGRAM, 'serve', '--json', '--data-dir', root, ...flags];
  const ports = ['--port', '0', '--otlp-http-port', '0', '--otlp-grpc-port', '0'];
  const backend = await startProgram([...traced, ...calls, ...kept, ...serve, ...ports]);
  return {
    backend,
    kill: async () => {
      process.kill(backend.pid, 'SIGKILL');
      await backend.exited;
      return { calls: systemCalls(readFileSync(log, 'latin1')), root };
    },
  };
}

/** Sends on a connection of its own. */
export function sendTraced(
  backend: Backend,
  marker: string,
  post: OtlpPost,
): Promise<Acknowledged> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/x-protobuf',
      'content-length': post.body.length,
    };
    const options = { method: 'POST', headers, agent: false };
    const sent = request(`${backend.otlpHttp}${post.path}`, options, (response) => {
      const clientPort = response.socket.localPort ?? 0;
      response.resume();
      response.on('end', () => {
        if (response.statusCode === 200) resolve({ marker, records: post.records, clientPort });
        else reject(new Error(`${marker} was answered ${response.statusCode}`));
      });
    });
    sent.on('error', reject);
    sent.end(post.body);
  });
}

/** Where in the trace a request's answer began to be written. */
export function answerOf({ calls }: Trace, { marker, clientPort }: Acknowledged): SystemCall {
  const answers = calls.filter(
    ({ name, args }) =>
      ['write', 'writev', 'sendto', 'sendmsg'].includes(name) &&
      args.includes(`:${clientPort}]>`) &&
      args.includes('HTTP/1.1 200'),
  );
  const [answer] = answers;
  if (answer === undefined || answers.length > 1) throw new Error(`no answer to ${marker}`);
  return answer;
}

/**
 * What a request's rows went through before its answer, or what was missing: its rows and its
 * group's header written and synced, then the folder that names them.
 */
export function stepsBefore(trace: Trace, acknowledged: Acknowledged): readonly string[] {
  const answer = answerOf(trace, acknowledged);
  const before = trace.calls.filter((call) => call.ended < answer.began && call.result >= 0);
  const rows = before.find(
    ({ name, args }) =>
      name.includes('write') && args.includes('.rows>') && args.includes(acknowledged.marker),
  );
  if (rows === undefined) return ['its rows were not written'];
  const file = /<([^>]*)>/.exec(rows.args)?.[1] ?? '';
  const header = file.replace(/\.\w+\.rows$/, '.group');
  const folder = file.replace(/\/[^/]*$/, '');
  const missing: string[] = [];
  const isSynced = (path: string, since: number): number | undefined =>
    before.find(
      ({ name, args, began }) =>
        (name === 'fsync' || name === 'fdatasync') && args.includes(`<${path}>`) && began > since,
    )?.ended;
  const rowsSynced = isSynced(file, rows.ended);
  if (rowsSynced === undefined) missing.push('its rows were not synced');
  const written = before.find(({ name, args }) => name === 'write' && args.includes(`<${header}>`));
  const headerSynced = isSynced(header, written?.ended ?? Infinity);
  if (headerSynced === undefined) missing.push('the header of its group was not synced');
  const named = before.find(({ name, args }) => name === 'openat' && args.includes(`"${header}"`));
  if (isSynced(folder, named?.ended ?? Infinity) === undefined) {
    missing.push('their folder was not synced');
  }
  return missing;
}

/**
 * What a power cut at a place of the trace leaves of the directory, as files in `target`.
 * `removals`: whether what was removed is gone, or is there unless its folder was synced since.
 */
export function powerCut(
  { calls, root }: Trace,
  at: number,
  removals: 'done' | 'kept',
  target: string,
): void {
  const state = new DurableState(root, removals);
  let survivors: readonly Survivor[] | undefined;
  const events = calls
    .flatMap((call) => [
      { place: call.began, apply: (): void => state.begin(call) },
      { place: call.ended, apply: (): void => state.end(call) },
    ])
    .toSorted((a, b) => a.place - b.place);
  for (const { place, apply } of events) {
    if (place > at) survivors ??= state.survivors();
    apply();
  }
  mkdirSync(target, { recursive: true });
  for (const survivor of survivors ?? state.survivors()) {
    const path = join(target, survivor.path.slice(root.length));
    const source = survivor.lastPath();
    if (survivor.kind === 'folder') mkdirSync(path);
    else if (survivor.kind === 'link') symlinkSync(readlinkSync(source), path);
    else {
      copyFileSync(source, path);
      truncateSync(path, survivor.bytes);
    }
  }
}
