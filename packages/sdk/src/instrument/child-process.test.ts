import { exec, execFile, fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { activeContext, runInContext, withSpanInContext } from '../common/context.js';
import { untraced } from '../export/suppress.js';
import { enableInstrumentations } from './enable.js';
import { Recorder } from './fixtures/recorded.js';

const PRINT = 'console.log(process.env.TRACEPARENT ?? "none")';
const ECHO: string = fileURLToPath(new URL('fixtures/send-traceparent.js', import.meta.url));

let recorder = new Recorder();
let disable: () => void = () => {};

beforeEach(() => {
  recorder = new Recorder();
  disable = enableInstrumentations(['child_process'], { tracerProvider: recorder.provider }, {});
});

afterEach(() => {
  disable();
  delete process.env['TRACEPARENT'];
});

function inSpan<T>(work: () => T): { result: T; header: string } {
  const span = recorder.provider.getTracer('t').startSpan('parent');
  const result = runInContext(withSpanInContext(activeContext(), span), work);
  const { traceId, spanId } = span.spanContext();
  span.end();
  return { result, header: `00-${traceId}-${spanId}-03` };
}

async function outputOf(child: ReturnType<typeof spawn>): Promise<string> {
  let text = '';
  child.stdout?.on('data', (piece: Buffer) => {
    text += piece.toString();
  });
  await once(child, 'close');
  return text.trim();
}

test('spawn, exec, execFile and fork hand over the current span', async () => {
  const spawned = inSpan(() => outputOf(spawn(process.execPath, ['-e', PRINT])));
  const executed = inSpan(() => promisify(execFile)(process.execPath, ['-e', PRINT]));
  const shell = inSpan(() => promisify(exec)(`"${process.execPath}" -e '${PRINT}'`));
  const forked = inSpan(() => once(fork(ECHO, { stdio: 'ignore' }), 'message'));
  expect(await spawned.result).toBe(spawned.header);
  expect((await executed.result).stdout.trim()).toBe(executed.header);
  expect((await shell.result).stdout.trim()).toBe(shell.header);
  expect(await forked.result).toEqual([forked.header, undefined]);
});

test('without a span, in untraced code and when off, nothing is added', async () => {
  expect(await outputOf(spawn(process.execPath, ['-e', PRINT]))).toBe('none');
  const quiet = inSpan(() => untraced(() => spawn(process.execPath, ['-e', PRINT])));
  expect(await outputOf(quiet.result)).toBe('none');
  disable();
  const off = inSpan(() => spawn(process.execPath, ['-e', PRINT]));
  expect(await outputOf(off.result)).toBe('none');
});

test('what this process inherited is replaced, what the program chose stays', async () => {
  process.env['TRACEPARENT'] = '00-11111111111111111111111111111111-2222222222222222-01';
  const inherited = inSpan(() => spawn(process.execPath, ['-e', PRINT]));
  expect(await outputOf(inherited.result)).toBe(inherited.header);
  const chosen = inSpan(() =>
    spawn(process.execPath, ['-e', PRINT], { env: { TRACEPARENT: 'mine' } }),
  );
  expect(await outputOf(chosen.result)).toBe('mine');
});

test('the Sync variants are the program’s own business', () => {
  const { result } = inSpan(() => spawnSync(process.execPath, ['-e', PRINT]));
  expect(String(result.stdout).trim()).toBe('none');
});
