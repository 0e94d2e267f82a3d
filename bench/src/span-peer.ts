import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The official SDK to compare with, and the folder that its packages are resolved from. */
export interface SpanPeer {
  readonly folder: string;
  readonly version: string;
}

const BENCH = fileURLToPath(new URL('..', import.meta.url));
const PACKAGES: readonly string[] = [
  'api',
  'context-async-hooks',
  'exporter-trace-otlp-proto',
  'otlp-transformer',
  'resources',
  'sdk-trace',
].map((name) => `@opentelemetry/${name}`);
/** Official SDK 3 asks for this Node; what the bench depends on runs on all that we support. */
const NEEDED_MAJOR = 22;
const NEEDED_MINOR = 15;

/**
 * The newest official SDK that runs on the Node at `node`: on an old one what the bench depends
 * on, else what the registry has today, installed in bench/.cache when it is not there yet.
 */
export function spanPeer(node: string): SpanPeer {
  const text = execFileSync(node, ['--version'], { encoding: 'utf8' });
  const [major = 0, minor = 0] = text.slice(1).split('.', 2).map(Number);
  const isNew = major > NEEDED_MAJOR || (major === NEEDED_MAJOR && minor >= NEEDED_MINOR);
  const folder = isNew ? newest() : BENCH;
  return { folder, version: versionIn(folder) };
}

/** Read from the file: version 3 does not export its package.json. */
function versionIn(folder: string): string {
  const places = createRequire(join(folder, 'package.json')).resolve.paths('@opentelemetry/api');
  for (const place of places ?? []) {
    const file = join(place, '@opentelemetry/sdk-trace/package.json');
    if (existsSync(file)) {
      return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
    }
  }
  throw new Error(`cannot find the official SDK in ${folder}: it is not installed there`);
}

function newest(): string {
  const folder = join(BENCH, '.cache', `span-peer-${new Date().toISOString().slice(0, 10)}`);
  if (!existsSync(join(folder, 'node_modules'))) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    const latest = PACKAGES.map((name) => `${name}@latest`);
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...latest], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
  return folder;
}
