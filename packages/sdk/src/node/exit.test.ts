/** Real programs that end in every way a program can; the exit code is never ours. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Backend, accept } from '../export/fixtures/backend.js';

const PROGRAM = fileURLToPath(new URL('./fixtures/ending.js', import.meta.url));

let backend: Backend;
beforeAll(async () => {
  backend = await Backend.start();
});
afterAll(() => backend.close());
beforeEach(() => {
  backend.spans.length = 0;
  backend.behaviour = accept;
});

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly millis: number;
  readonly output: string;
  /** What the SDK knew in process 'exit', after its own handler. */
  readonly counts: Counts | undefined;
}

interface Counts {
  readonly sent: number;
  readonly dropped: number;
  readonly droppedBy: Readonly<Record<string, number>>;
  readonly spilled?: { readonly traces: number };
}

function run(
  way: string,
  transport = 'auto',
  env: Record<string, string> = {},
  spill: readonly string[] = [],
): Promise<Ended> {
  const start = performance.now();
  const child = spawn(process.execPath, [PROGRAM, way, transport, ...spill], {
    env: {
      ...process.env,
      OTEL_EXPORTER_OTLP_ENDPOINT: backend.url,
      SAY_COUNTS: 'to 3',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  let output = '';
  let said = '';
  child.stdio[3]?.on('data', (piece) => (said += String(piece)));
  child.stdout?.on('data', (piece) => (output += String(piece)));
  child.stderr?.on('data', (piece) => (output += String(piece)));
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      const counts = said === '' ? undefined : (JSON.parse(said) as Counts);
      resolve({ code, signal, millis: performance.now() - start, output, counts });
    });
  });
}

function totalOf(counts: Counts | undefined): number | undefined {
  if (counts === undefined) return undefined;
  return counts.sent + counts.dropped + (counts.spilled?.traces ?? 0);
}

const names = (): string[] => backend.spans.map((span) => span.name);

describe('the end of a program', () => {
  it.each([
    ['natural', 0],
    ['exit', 7],
    ['throw', 1],
    ['rejection', 1],
    ['late', 0],
    ['open', 0],
    ['worker', 0],
  ])('%s: spans arrive, code %i stays', async (way, code) => {
    const ended = await run(way);
    expect(ended.code, ended.output).toBe(code);
    await backend.spansArrived(1);
    expect(names()).toEqual(['last']);
  });

  it('an uncaught error ends what is open, with the error on the current span', async () => {
    const ended = await run('crash');
    expect(ended.code).toBe(1);
    expect(ended.output).toContain('RangeError: crash');
    await backend.spansArrived(2);
    const [inner, outer] = backend.spans;
    expect(inner).toMatchObject({ name: 'inner', status: { code: 2, message: 'crash' } });
    expect(inner?.events[0]?.attributes['exception.type']).toBe('RangeError');
    expect(outer).toMatchObject({ name: 'outer', status: { code: 2 }, events: [] });
    expect(outer!.end >= inner!.end).toBe(true);
  });

  it('an uncaught error that the program handles ends nothing', async () => {
    expect((await run('crash handled')).code).toBe(0);
    expect(names()).toEqual(['last']);
  });

  it('natural end flushes with the transport of this thread too', async () => {
    expect((await run('natural', 'main')).code).toBe(0);
    expect(names()).toEqual(['last']);
  });

  it('a flush is waited for and says when it is done', async () => {
    const ended = await run('flushed', 'main');
    expect(ended.output).toBe('flushed');
    expect(names()).toEqual(['last']);
  });

  it('SIGTERM flushes when asked, and ends as SIGTERM does', async () => {
    const ended = await run('signal');
    expect([ended.code, ended.signal]).toEqual([null, 'SIGTERM']);
    expect(names()).toEqual(['last']);
  });

  it('twenty thousand spans of one turn arrive', async () => {
    await run('many');
    expect(backend.spans).toHaveLength(20_000);
  });

  it.each(['natural', 'exit', 'throw'])('%s: a dead backend costs no time', async (way) => {
    const ended = await run(way, 'auto', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
    expect(ended.millis).toBeLessThan(4000);
  });

  it.each([
    ['natural', 'auto'],
    ['natural', 'main'],
    ['exit', 'auto'],
  ])('%s by %s: a backend that hangs holds the end under 5 s', async (way, transport) => {
    backend.behaviour = () => undefined;
    const ended = await run(way, transport);
    expect(ended.millis).toBeLessThan(6000);
    expect(ended.code).toBe(way === 'exit' ? 7 : 0);
  });

  it.each(['natural', 'exit', 'throw', 'rejection', 'term'])(
    '%s: sent, or dropped and counted, or on disk; the counts are whole in the end',
    async (way) => {
      const gone = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' };
      const directory = mkdtempSync(join(tmpdir(), 'codomyrmex-exit-'));
      const [well, dead, spilling] = await Promise.all([
        run(way),
        run(way, 'auto', gone),
        run(way, 'auto', gone, [directory]),
      ]);
      // On a machine that is busy with more than this, a second may not do for a thread to start:
      // then a record is dropped, and counted, that else were sent or on disk.
      for (const { counts } of [well, dead, spilling]) expect(totalOf(counts)).toBe(1);
      expect(dead.counts).toEqual({ sent: 0, dropped: 1, droppedBy: { exit: 1 } });
      if (way === 'natural') expect(well.counts?.sent).toBe(1);
      const spilled = spilling.counts?.spilled?.traces ?? 0;
      if (way === 'natural') expect(spilled).toBe(1);
      backend.spans.length = 0;
      const next = await run('natural', 'auto', {}, [directory]);
      expect(next.counts).toMatchObject({ sent: 1 + spilled, dropped: 0, spilled: { traces: 0 } });
      expect(names()).toHaveLength(1 + spilled);
      rmSync(directory, { recursive: true });
    },
  );

  it.each(['exit', 'throw'])('%s without thread: lost, counted, or on disk', async (way) => {
    const directory = mkdtempSync(join(tmpdir(), 'codomyrmex-exit-'));
    const [alone, spilling] = await Promise.all([
      run(way, 'main'),
      run(way, 'main', {}, [directory]),
    ]);
    expect(alone.counts).toEqual({ sent: 0, dropped: 1, droppedBy: { exit: 1 } });
    expect(spilling.counts).toMatchObject({ sent: 0, dropped: 0, spilled: { traces: 1 } });
    rmSync(directory, { recursive: true });
  });

  it('a backend that hangs: what process.exit gave up is counted', async () => {
    backend.behaviour = () => undefined;
    const { counts, millis } = await run('exit');
    expect(counts).toEqual({ sent: 0, dropped: 1, droppedBy: { exit: 1 } });
    expect(millis).toBeLessThan(5000);
  });

  it('SIGTERM with a dead backend ends as SIGTERM does, in time', async () => {
    const ended = await run('signal', 'auto', {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
    });
    expect(ended.signal).toBe('SIGTERM');
    expect(ended.millis).toBeLessThan(5000);
  });
});
