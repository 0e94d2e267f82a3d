// npm start: from a clone to a page with moving data. `--no-demo` leaves the demo out; every other
// argument goes to the backend. Ctrl-C ends everything that was started.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT, CACHE, buildPage, command, compile, install, step, StepError } from './steps.mjs';

const SERVER = join(ROOT, 'packages', 'server', 'dist', 'cli', 'bin.js');
/** What is still running after this long is killed: a terminal must come back within 5 s. */
const STOP_MILLIS = 4_500;
const children = new Set();
let stopping = false;

await command(async (args) => {
  const began = performance.now();
  process.on('SIGINT', () => void stop(0));
  process.on('SIGTERM', () => void stop(0));
  await install();
  await compile('packages/server');
  await buildPage();
  const demo = !args.includes('--no-demo');
  const ready = await step('start the backend', () =>
    startBackend(args.filter((a) => a !== '--no-demo')),
  );
  if (demo) await step('start the demo', () => startDemo(ready.otlpHttp));
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`\n  Codomyrmex Telemetry  ${ready.url}   (after ${seconds} s)`);
  console.log(`  OTLP/HTTP             ${ready.otlpHttp}`);
  if (ready.otlpGrpc) console.log(`  OTLP/gRPC             ${ready.otlpGrpc}`);
  console.log(`  data                  ${ready.dataDir}`);
  console.log(demo ? '  The demo workflow is running. Ctrl-C ends both.\n' : '  Ctrl-C ends it.\n');
});

/** Starts a child whose end ends everything. */
function start(args, stdout) {
  // A group of its own, so that a Ctrl-C reaches it once, from here, in order: demo, then backend.
  const child = spawn(process.execPath, [SERVER, ...args], {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', stdout, 'inherit'],
    // Three readers, the writer, and threads left for files and inflating.
    env: { UV_THREADPOOL_SIZE: '8', ...process.env },
  });
  children.add(child);
  child.on('exit', (code, signal) => {
    children.delete(child);
    if (stopping) return;
    console.error(`✗ the ${args[0] === 'demo' ? 'demo' : 'backend'} ended (${signal ?? code})`);
    void stop(1);
  });
  return child;
}

function startBackend(args) {
  const chosen = process.env.CODOMYRMEX_TELEMETRY_DATA_DIR !== undefined;
  const own = chosen || args.some((arg) => arg === '--memory' || arg.startsWith('--data-dir'));
  const dataDir = own ? [] : ['--data-dir', join(CACHE, 'data')];
  const child = start(['serve', '--json', ...dataDir, ...args], 'pipe');
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line)));
    child.once('exit', () => reject(new StepError('the backend did not start')));
  });
}

/** Resolves with the demo's first line: it has sent its first trace. */
function startDemo(endpoint) {
  const child = start(['demo', '--endpoint', endpoint], 'pipe');
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    child.once('exit', () => reject(new StepError('the demo did not start')));
  });
}

async function stop(code) {
  if (stopping) return;
  stopping = true;
  const deadline = setTimeout(() => {
    for (const child of children) child.kill('SIGKILL');
  }, STOP_MILLIS);
  // The demo first, so that its last spans still find the backend.
  for (const child of [...children].toReversed()) {
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) {
      await new Promise((resolve) => child.once('exit', resolve));
    }
  }
  clearTimeout(deadline);
  process.exit(code);
}
