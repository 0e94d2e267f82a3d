import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Backend, startBackend, temporaryFolder } from './backend.js';

// Every ```ts block of the README and the docs is compiled by the project's own strict settings and
// run as a program of its own against a real backend; every ```sh block with curl is run too.
const ROOT: string = fileURLToPath(new URL('../..', import.meta.url));
const WORK = join(ROOT, 'e2e', 'dist', 'snippets');
const RUN_MILLIS = 30_000;

interface Snippet {
  readonly name: string;
  readonly text: string;
}

function snippets(language: string): Snippet[] {
  const docs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file));
  return ['README.md', ...docs].flatMap((file) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const blocks = text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'));
    return [...blocks].map((block, index) => ({
      name: `${file.replaceAll(/[^\w]+/g, '-')}-${index + 1}`,
      text: block[1] ?? '',
    }));
  });
}

let backend: Backend;
const folder = temporaryFolder();
const programs = snippets('ts');

beforeAll(async () => {
  backend = await startBackend(folder.path);
  rmSync(WORK, { recursive: true, force: true });
  mkdirSync(join(WORK, 'src'), { recursive: true });
  for (const { name, text } of programs) {
    writeFileSync(join(WORK, 'src', `${name}.ts`), `${text}\nexport {};\n`);
  }
  const options = { rootDir: 'src', outDir: 'out', composite: false, noUnusedLocals: false };
  writeFileSync(
    join(WORK, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../../tsconfig.base.json',
      compilerOptions: { ...options, incremental: false, isolatedDeclarations: false },
      include: ['src'],
    }),
  );
  const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
  const compiled = spawnSync(process.execPath, [tsc, '-p', WORK], { encoding: 'utf8' });
  expect(compiled.stdout).toBe('');
});
afterAll(async () => {
  expect(await backend.stop()).toBe(0);
  folder.remove();
});

describe('the snippets of the documents', () => {
  it('are there', () => {
    expect(programs.length).toBeGreaterThanOrEqual(5);
  });

  it.each(programs)('$name runs', async ({ name }) => {
    const own = temporaryFolder();
    const child = spawn(process.execPath, [join(WORK, 'out', `${name}.js`)], {
      env: {
        ...process.env,
        OTEL_SERVICE_NAME: name,
        OTEL_EXPORTER_OTLP_ENDPOINT: backend.otlpHttp,
        CODOMYRMEX_TELEMETRY_DATA_DIR: own.path,
        CODOMYRMEX_TELEMETRY_OTLP_HTTP_PORT: '0',
        CODOMYRMEX_TELEMETRY_OTLP_GRPC_PORT: '0',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: RUN_MILLIS,
    });
    const said: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
    const [code] = (await once(child, 'exit')) as [number | null];
    own.remove();
    expect({ code, said: Buffer.concat(said).toString() }).toMatchObject({ code: 0 });
  });

  it.each(snippets('sh').filter(({ text }) => text.includes('curl')))('$name runs', ({ text }) => {
    const own = temporaryFolder();
    const script = text.replaceAll('http://localhost:4320', backend.url);
    const ran = spawnSync('bash', ['-ec', script.replaceAll('curl ', 'curl -fsS ')], {
      cwd: own.path,
      encoding: 'utf8',
    });
    own.remove();
    expect(ran).toMatchObject({ status: 0, stderr: '' });
  });
});
