import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { RequestHashes } from './request-hashes.js';

let directory = '';
let now = 0;
const open: RequestHashes[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'codomyrmex-hashes-'));
  now = 1_000_000;
});

afterEach(async () => {
  await Promise.all(open.map((hashes) => hashes.close()));
  open.length = 0;
  rmSync(directory, { recursive: true, force: true });
});

async function load(maxHashes = 1_000): Promise<RequestHashes> {
  const options = { directory, memoryMillis: 1_000, maxHashes, fsync: true, now: () => now };
  const hashes = await RequestHashes.open(options);
  open.push(hashes);
  return hashes;
}

describe('hashes of requests', () => {
  it('are known once added, also by the next process', async () => {
    const hashes = await load();
    expect(hashes.has('a')).toBe(false);
    await hashes.write(['a', '\0\xff'.repeat(8), 'a longer name than sixteen characters', 'ü']);
    await hashes.close();
    const again = await load();
    for (const known of [hashes, again]) {
      expect(known.has('a')).toBe(true);
      expect(known.has('\0\xff'.repeat(8))).toBe(true);
      expect(known.has('a longer name than sixteen characters')).toBe(true);
      expect(known.has('ü')).toBe(true);
      expect(known.has('b')).toBe(false);
    }
    await again.write(['b']);
    expect((await load()).size).toBe(5);
  });

  it('are known for the time and forgotten after twice the time', async () => {
    const hashes = await load();
    await hashes.write(['old']);
    now += 1_000;
    await hashes.write(['middle']);
    expect(hashes.has('old')).toBe(true);
    now += 1_000;
    await hashes.write(['new']);
    expect(hashes.has('old')).toBe(false);
    expect(hashes.has('middle')).toBe(true);
    expect(readdirSync(directory).length).toBe(2);
  });

  it('that are old are not loaded, and their files go', async () => {
    const hashes = await load();
    await hashes.write(['old']);
    await hashes.close();
    now += 2_001;
    const again = await load();
    expect(again.has('old')).toBe(false);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('begin anew early when there are too many', async () => {
    const hashes = await load(3);
    for (let index = 0; index < 12; index += 1) await hashes.write([`h${index}`]);
    expect(hashes.size).toBeLessThanOrEqual(6);
    expect(hashes.has('h11')).toBe(true);
  });

  it('survive a torn end and a clock that went back', async () => {
    const hashes = await load();
    await hashes.write(['whole']);
    await hashes.close();
    const [file = ''] = readdirSync(directory);
    appendFileSync(join(directory, file), 'torn');
    now -= 500_000;
    const again = await load();
    expect(again.has('whole')).toBe(true);
    expect(again.size).toBe(1);
    await again.write(['next']);
    expect(again.has('whole')).toBe(true);
    expect(again.has('next')).toBe(true);
  });
});
