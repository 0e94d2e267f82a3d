// What every command of the repository does first: install what is missing, build what is stale,
// and say so with the time it took. Plain JavaScript without dependencies: it runs before either.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
export const CACHE = join(ROOT, '.cache');
const OLDEST_NODE = [20, 19];

/** Runs `work`, printing its name before and how long it took after. */
export async function step(name, work) {
  const start = performance.now();
  process.stderr.write(`› ${name}\n`);
  const result = await work();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  process.stderr.write(`  ${name}: ${seconds} s\n`);
  return result;
}

/** Runs a program in the repository with its output shown; rejects with the exit code. */
export function run(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: ROOT, stdio: 'inherit', ...options });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new StepError(`${program} ${args.join(' ')} ended with ${signal ?? code}`));
    });
  });
}

/** A step that failed after saying why on its own: no stack is printed for it. */
export class StepError extends Error {}

/** Runs `main`, ending the process with 1 and one line when a step failed. */
export async function command(main) {
  try {
    checkNode();
    await main(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof StepError ? `✗ ${error.message}` : error);
    process.exit(1);
  }
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    throw new StepError(
      `Node ${process.versions.node} is too old: install Node ${OLDEST_NODE.join('.')} or newer`,
    );
  }
}

export function bin(name) {
  return join(ROOT, 'node_modules', '.bin', name);
}

/** Installs the dependencies when the lock file is newer than what is installed. */
export async function install() {
  const installed = join(ROOT, 'node_modules', '.package-lock.json');
  if (existsSync(installed) && mtime(installed) >= mtime(join(ROOT, 'package-lock.json'))) return;
  await step('install dependencies', () =>
    // Not `npm ci`: it refuses a lock file that lacks optional packages for other platforms, which
    // npm itself leaves out of it when a registry does not serve them.
    run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']),
  );
}

/** Compiles the given TypeScript projects (all by default); nothing is done for what is fresh. */
export async function compile(...projects) {
  await step('compile', () => run(process.execPath, [bin('tsc'), '-b', ...projects]));
}

/** Builds the page into the server's package when a source of it is newer than the last build. */
export async function buildPage() {
  const page = join(ROOT, 'packages', 'dashboard');
  const stamp = join(CACHE, 'page-built');
  const built = join(ROOT, 'packages', 'server', 'dist', 'page', 'index.html');
  const sources = [join(page, 'src'), join(ROOT, 'packages', 'query', 'src')];
  const files = [
    join(page, 'index.html'),
    join(page, 'vite.config.mjs'),
    join(page, 'package.json'),
  ];
  const newest = Math.max(...sources.map(newestIn), ...files.map(mtime));
  if (existsSync(built) && mtime(stamp) >= newest) return;
  await step('build the page', () =>
    run(process.execPath, [bin('vite'), 'build', '--logLevel', 'warn'], { cwd: page }),
  );
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(stamp, '');
}

function mtime(file) {
  return existsSync(file) ? statSync(file).mtimeMs : 0;
}

function newestIn(folder) {
  if (!existsSync(folder)) return 0;
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) newest = Math.max(newest, mtime(join(entry.parentPath, entry.name)));
  }
  return newest;
}
