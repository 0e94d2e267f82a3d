import * as fc from 'fast-check';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Signal } from './signal.js';
import { adoptAbandoned, createOwned } from './spill-owner.js';
import { encodeHead, readRecord } from './spill-record.js';
import { Spill } from './spill.js';
import type { SpillBatch, SpillPlace } from './spill.js';
import type { Counts } from './spill-segment.js';
import { realDisk } from './spill-disk.js';
import type { SpillDisk } from './spill-disk.js';

const MIB = 2 ** 20;
let directory: string;
let dropped: Counts;

beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'codomyrmex-spill-')), 'spill');
  dropped = { traces: 0, metrics: 0, logs: 0 };
});
afterEach(() => rmSync(join(directory, '..'), { recursive: true, force: true }));

function open(maxBytes: number = 64 * MIB): Spill {
  return new Spill({ directory, maxBytes }, (counts) => {
    dropped.traces += counts.traces;
    dropped.metrics += counts.metrics;
    dropped.logs += counts.logs;
  });
}

function put(
  spill: Spill,
  text: string,
  signal: Signal = 'traces',
  isUnderWay = false,
): SpillPlace {
  return spill.append(signal, [Buffer.from(text)], 1, isUnderWay);
}

function bodies(spill: Spill, maxBytes: number = MIB): string[] {
  const all: string[] = [];
  for (;;) {
    const batch = spill.next(() => maxBytes);
    if (batch === undefined) return all;
    all.push(Buffer.from(batch.body).toString());
    spill.finish(batch.place);
  }
}

/** Makes every subdirectory the one of a process that is gone. */
async function abandon(): Promise<void> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  for (const name of readdirSync(directory)) {
    const file = join(directory, name, 'owner');
    const owner = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...owner, pid: child.pid }));
  }
}

function files(): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory).flatMap((name) =>
    readdirSync(join(directory, name)).map((file) => join(directory, name, file)),
  );
}

describe('records', () => {
  it('come back as they were written, whatever they hold', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<Signal[]>('traces', 'metrics', 'logs'),
        fc.nat(7),
        fc.nat(2 ** 31),
        fc.array(fc.uint8Array(), { maxLength: 4 }),
        (signal, flags, count, pieces) => {
          const bytes = Buffer.concat([encodeHead(signal, flags, count, pieces), ...pieces]);
          const record = readRecord(Buffer.concat([Buffer.alloc(3), bytes]), 3);
          expect(record).toMatchObject({ signal, flags, recordCount: count, offset: 3 });
          expect(record?.body).toEqual(Buffer.concat(pieces));
          expect(record?.end).toBe(3 + bytes.length);
        },
      ),
    );
  });

  it('that are cut or altered anywhere but in their flags are none', () => {
    const body = Buffer.from('some spans');
    const bytes = Buffer.concat([encodeHead('logs', 0, 3, [body]), body]);
    for (let size = 0; size < bytes.length; size++) {
      expect(readRecord(bytes.subarray(0, size), 0)).toBeUndefined();
    }
    for (let at = 0; at < bytes.length; at++) {
      const altered = Buffer.from(bytes);
      altered[at]! ^= 0x10;
      expect(readRecord(altered, 0) === undefined, `byte ${at}`).toBe(at !== 5);
    }
  });
});

describe('a spill', () => {
  it('gives in order, joined by signal up to the limit', () => {
    const spill = open();
    for (const text of ['a', 'b', 'c', 'd']) put(spill, text);
    put(spill, 'log', 'logs');
    put(spill, 'e');
    expect(bodies(spill, 3)).toEqual(['abc', 'd', 'log', 'e']);
    expect(spill.isEmpty).toBe(true);
    spill.close();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('never joins what was sent alone', () => {
    const spill = open();
    spill.release(put(spill, 'a', 'traces', true));
    spill.release(put(spill, 'b', 'traces', true));
    put(spill, 'c');
    put(spill, 'd');
    expect(bodies(spill)).toEqual(['a', 'b', 'cd']);
  });

  it('hands out each record once, so that several can be under way', () => {
    const spill = open();
    put(spill, 'a');
    put(spill, 'b');
    const first = spill.next(() => MIB)!;
    put(spill, 'c');
    const second = spill.next(() => MIB)!;
    expect([first, second].map(({ body }) => Buffer.from(body).toString())).toEqual(['ab', 'c']);
    expect(second.number).toBeGreaterThan(first.number);
    expect(spill.next(() => MIB)).toBeUndefined();
    spill.finish(second.place);
    expect(spill.isEmpty).toBe(false);
    spill.finish(first.place);
    expect(spill.isEmpty).toBe(true);
    expect(dropped.traces).toBe(0);
  });

  it('does not hand out what the sender has under way', () => {
    const spill = open();
    const place = put(spill, 'held', 'traces', true);
    put(spill, 'free');
    expect(spill.next(() => MIB)).toBeUndefined();
    spill.release(place);
    expect(bodies(spill)).toEqual(['held', 'free']);
  });

  it('takes back what the disk took in part only', () => {
    let isFull = true;
    const append: SpillDisk['append'] = (file, pieces, offset) =>
      realDisk.append(file, isFull ? [pieces[0]!] : pieces, offset);
    const spill = new Spill({ directory, maxBytes: MIB }, () => undefined, { ...realDisk, append });
    expect(() => put(spill, 'in part')).toThrow('in part');
    const [path] = files().filter((file) => file.endsWith('.spill'));
    expect(statSync(path!).size).toBe(0);
    isFull = false;
    put(spill, 'whole');
    expect(bodies(spill)).toEqual(['whole']);
  });

  it('skips what was answered after it had been kept', () => {
    const spill = open();
    const place = spill.append('traces', [Buffer.from('answered')], 1, true);
    put(spill, 'waits');
    spill.finish(place);
    expect(bodies(spill)).toEqual(['waits']);
  });

  it('is private', () => {
    const spill = open();
    put(spill, 'secret');
    for (const file of files()) expect(statSync(file).mode & 0o077).toBe(0);
    spill.close();
  });

  it('drops the oldest beyond its size, and counts them', () => {
    const spill = open(MIB);
    const text = 'x'.repeat(10_000);
    for (let index = 0; index < 300; index++) put(spill, `${index} ${text}`);
    const kept = bodies(spill, 1).map((body) => Number(body.split(' ')[0]));
    expect(kept.length + dropped.traces).toBe(300);
    expect(kept.length * 10_030).toBeGreaterThan(MIB * 0.8);
    expect(kept.length * 10_030).toBeLessThanOrEqual(MIB);
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, at) => 300 - kept.length + at));
  });

  it('does not drop what is being sent', () => {
    const spill = open(MIB);
    put(spill, 'under way');
    const batch = spill.next(() => MIB);
    for (let index = 0; index < 300; index++) put(spill, 'x'.repeat(10_000));
    spill.finish(batch!.place);
    expect(dropped.traces + bodies(spill, 1).length).toBe(300);
  });

  it('refuses a record that is larger than it may be', () => {
    expect(() => put(open(MIB), 'x'.repeat(MIB))).toThrow('larger');
  });

  it('starts anew when its directory is taken away', () => {
    const spill = open();
    put(spill, 'a');
    rmSync(directory, { recursive: true });
    put(spill, 'b');
    expect(bodies(spill)).toEqual(['b']);
    expect(dropped.traces).toBe(1);
  });
});

describe('what another process left', () => {
  it('is adopted when it is gone, and sent before our own, in order', async () => {
    const theirs = open();
    put(theirs, 'first');
    put(theirs, 'second', 'logs');
    expect(open().adopt()).toEqual({ traces: 0, metrics: 0, logs: 0 });
    await abandon();
    const ours = open();
    put(ours, 'ours');
    expect(ours.adopt()).toEqual({ traces: 1, metrics: 0, logs: 1 });
    expect(open().adopt()).toEqual({ traces: 0, metrics: 0, logs: 0 });
    expect(bodies(ours)).toEqual(['first', 'second', 'ours']);
    ours.close();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is sent in the bodies that it was sent in, but for what was answered', async () => {
    const theirs = open();
    for (const text of ['a', 'b', 'c', 'd', 'e']) put(theirs, text);
    theirs.finish(theirs.next(() => 2)!.place);
    theirs.next(() => 2);
    await abandon();
    const ours = open();
    expect(ours.adopt().traces).toBe(3);
    expect(bodies(ours)).toEqual(['cd', 'e']);
    expect(dropped.traces).toBe(0);
  });

  it.each([
    ['a record that a kill cut', 1],
    ['one of which only a part of its head is there', 14],
  ])('is read but for %s, which is counted', async (_what, missing) => {
    const theirs = open();
    put(theirs, 'whole');
    put(theirs, 'cut');
    const [path] = files().filter((file) => file.endsWith('.spill'));
    truncateSync(path!, readFileSync(path!).length - missing);
    await abandon();
    const ours = open();
    expect(ours.adopt().traces).toBe(2);
    expect(dropped.traces).toBe(1);
    expect(bodies(ours)).toEqual(['whole']);
    expect([dropped.traces, ours.isEmpty]).toEqual([1, true]);
  });

  it('is read behind what is damaged too', async () => {
    const theirs = open();
    for (const text of ['one', 'two', 'three']) put(theirs, text);
    const [path] = files().filter((file) => file.endsWith('.spill'));
    const bytes = readFileSync(path!);
    bytes[bytes.indexOf('two')]! ^= 1;
    writeFileSync(path!, bytes);
    await abandon();
    const ours = open();
    expect(ours.adopt().traces).toBe(3);
    expect(dropped.traces).toBe(1);
    // Counted once, whoever adopts it next.
    ours.close();
    await abandon();
    const next = open();
    expect(next.adopt().traces).toBe(2);
    expect(bodies(next)).toEqual(['one', 'three']);
    expect(dropped.traces).toBe(1);
  });

  it('goes to the heir within a process, when a thread of it died', () => {
    const theirs = new Spill({ directory, maxBytes: MIB, sender: 'dead' }, () => undefined);
    put(theirs, 'left');
    expect(open().adopt().traces).toBe(0);
    const settings = { directory, maxBytes: MIB, sender: 'heir', heirOf: ['dead'] };
    const ours = new Spill(settings, () => undefined);
    expect(ours.adopt().traces).toBe(1);
    expect(bodies(ours)).toEqual(['left']);
  });

  it('goes to one of several', async () => {
    const theirs = open();
    put(theirs, 'one');
    await abandon();
    const counts = [open(), open(), open()].map((spill) => spill.adopt().traces);
    expect(counts).toEqual([1, 0, 0]);
  });

  it('is left alone while its owner may live: elsewhere, or a moment old', () => {
    const path = createOwned(directory, 'test');
    const file = join(path, 'owner');
    const owner = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...owner, place: 'another machine', pid: 1 }));
    mkdirSync(join(directory, 'process-1-being-made'));
    expect(adoptAbandoned(directory, 'test')).toEqual([]);
    const longAgo = new Date(Date.now() - 3_600_000);
    utimesSync(file, longAgo, longAgo);
    expect(adoptAbandoned(directory, 'test')).toHaveLength(1);
  });

  it('is not mistaken for that of a new process with an old number', () => {
    const path = createOwned(directory, 'test');
    const file = join(path, 'owner');
    const owner = JSON.parse(readFileSync(file, 'utf8')) as { start: string };
    writeFileSync(file, JSON.stringify({ ...owner, start: `${owner.start}9` }));
    expect(adoptAbandoned(directory, 'test')).toHaveLength(1);
  });
});

it('gives each record once, in order, through any sequence of steps', () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('put' as const),
      signal: fc.constantFrom<Signal[]>('traces', 'logs'),
    }),
    fc.record({ kind: fc.constant('send' as const), max: fc.integer({ min: 1, max: 60 }) }),
    fc.record({ kind: fc.constant('fail' as const), max: fc.integer({ min: 1, max: 60 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const spill = open();
      const sent: string[] = [];
      const failed: SpillBatch[] = [];
      let number = 0;
      const send = (max: number): boolean => {
        const batch = failed.shift() ?? spill.next(() => max);
        if (batch === undefined) return false;
        sent.push(...Buffer.from(batch.body).toString().split(';').slice(0, -1));
        spill.finish(batch.place);
        return true;
      };
      for (const one of steps) {
        if (one.kind === 'put') put(spill, `${number++};`, one.signal);
        else if (one.kind === 'send') send(one.max);
        else failed.push(...[spill.next(() => one.max)].filter((batch) => batch !== undefined));
      }
      while (send(20));
      expect(sent).toEqual(Array.from({ length: number }, (_, at) => String(at)));
      expect(spill.isEmpty).toBe(true);
      spill.close();
    }),
    { numRuns: 60 },
  );
});
