import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const CHILD = fileURLToPath(new URL('fixtures/commit-until-killed.js', import.meta.url));
let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'codomyrmex-kill-'));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

/** Runs the child until it dies; `onAnswer` may kill it. Gives the names that were answered. */
async function runChild(
  args: readonly string[],
  onAnswer: (count: number, kill: () => void) => void,
): Promise<readonly string[]> {
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const child = spawn(process.execPath, [CHILD, root, ...args], { stdio: [...stdio] });
  const exited = once(child, 'exit');
  const names: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (line !== 'open') names.push(line);
    onAnswer(names.length, () => child.kill('SIGKILL'));
  }
  await exited;
  return names;
}

type Counts = Readonly<Record<string, Readonly<Record<string, number>>>>;

async function check(): Promise<Counts> {
  const [text = '{}'] = await runChild(['check'], () => undefined);
  return JSON.parse(text) as Counts;
}

/** Every answered request is there whole, every other whole or not at all, in each table alike. */
function expectExact(counts: Counts, answered: readonly string[]): void {
  const names = new Set([...answered, ...Object.values(counts).flatMap(Object.keys)]);
  const wrong: unknown[] = [];
  for (const name of names) {
    const rows = Object.keys(counts).map((table) => counts[table]?.[name] ?? 0);
    const whole = rows.every((count) => count === 3);
    const absent = rows.every((count) => count === 0) && !answered.includes(name);
    if (!whole && !absent) wrong.push({ name, rows, answered: answered.includes(name) });
  }
  expect(wrong).toEqual([]);
}

describe('a killed process', () => {
  it('loses nothing that it answered and stores nothing twice, wherever it dies', async () => {
    const answered: string[] = [];
    // A group of three tables takes three inserts: die around each of them.
    const moments = ['before:4', 'after:4', 'before:5', 'after:5', 'before:6', 'after:6'];
    for (const [round, moment] of moments.entries()) {
      answered.push(...(await runChild([`r${round}`, moment], () => undefined)));
    }
    expect(answered.length).toBeGreaterThan(0);
    expectExact(await check(), answered);
  }, 60_000);

  it('has every trace in the lookup once, wherever it dies', async () => {
    const answered: string[] = [];
    for (const [round, moment] of ['before-lookup:2', 'after-lookup:2', 'after:4'].entries()) {
      answered.push(...(await runChild([`l${round}`, moment], () => undefined)));
    }
    expect(answered.length).toBeGreaterThan(0);
    expectExact(await check(), answered);
    expect(readdirSync(join(root, 'codomyrmex', 'redo'))).toEqual([]);
  }, 60_000);

  it('survives being killed from outside at any time', async () => {
    const answered: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      const lifetime = 2 + Math.floor(Math.random() * 10);
      const names = await runChild([`k${round}`], (count, kill) => {
        if (count >= lifetime) kill();
      });
      answered.push(...names);
    }
    expectExact(await check(), answered);
  }, 60_000);

  it('adds nothing when its last requests are sent again', async () => {
    const first = await runChild(['same'], (count, kill) => {
      if (count >= 5) kill();
    });
    const again = await runChild(['same'], (count, kill) => {
      if (count >= 12) kill();
    });
    expectExact(await check(), [...first, ...again]);
  }, 60_000);
});
