import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The register entry, as `--import` takes it. */
export const REGISTER: string = fixtureUrl('../../../packages/sdk/dist/register/register.js');

/** Where a built fixture is. */
export function fixtureUrl(name: string): string {
  return new URL(`fixtures/${name}`, import.meta.url).href;
}

/** A program of e2e/src/fixtures that runs. */
export interface FixtureProgram {
  /** The port from its ready line. */
  readonly port: number;
  /** Lines of JSON that it printed after the ready line. */
  readonly lines: readonly Record<string, unknown>[];
  /** Ends it by closing its standard input; resolves when all its output was read. */
  stop(): Promise<void>;
}

export interface FixtureOptions {
  readonly imports?: readonly string[];
  readonly args?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

function launch(name: string, options: FixtureOptions): ChildProcess {
  const flags = (options.imports ?? []).flatMap((url) => ['--import', url]);
  const file = fileURLToPath(fixtureUrl(name));
  return spawn(process.execPath, [...flags, file, ...(options.args ?? [])], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...options.environment },
  });
}

/** Starts a fixture that serves; resolves with its ready line. */
export async function startFixture(name: string, options: FixtureOptions): Promise<FixtureProgram> {
  const child = launch(name, options);
  const lines: Record<string, unknown>[] = [];
  let rest = '';
  let complaints = '';
  child.stderr?.on('data', (piece: Buffer) => {
    complaints += piece.toString();
  });
  const closed = once(child, 'close');
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout?.on('data', (piece: Buffer) => {
      const parts = (rest + piece.toString()).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) lines.push(JSON.parse(part) as Record<string, unknown>);
      const first = lines[0]?.['ready'];
      if (typeof first === 'number') {
        lines.shift();
        resolve(first);
      }
    });
    void closed.then(() => reject(new Error(`${name} did not start: ${complaints}`)));
  });
  return {
    port,
    lines,
    async stop() {
      child.stdin?.end();
      const killer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await closed;
      clearTimeout(killer);
    },
  };
}

/** Runs a fixture to its end; throws with what it said unless it exits with 0. */
export async function runFixture(name: string, options: FixtureOptions): Promise<string> {
  const child = launch(name, options);
  let said = '';
  child.stdout?.on('data', (piece: Buffer) => {
    said += piece.toString();
  });
  child.stderr?.on('data', (piece: Buffer) => {
    said += piece.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${said}`);
  return said;
}
