import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logRecord, traceRow } from '../layout/fixtures/spans.js';
import { LogsList } from './logs-list.js';
import { TracesList } from './traces-list.js';

describe('traces', () => {
  it('stand newest first and change in place', () => {
    const list = new TracesList();
    list.reset({ items: [traceRow('a', 1), traceRow('b', 3)], skipped: 0 });
    list.merge({ items: [traceRow('c', 2), traceRow('a', 1, { spanCount: 9 })], skipped: 0 });
    expect(list.ids).toEqual(['b', 'c', 'a']);
    expect(list.row('a')?.spanCount).toBe(9);
    expect(list.complete).toBe(true);
  });

  it('a root that began earlier than thought moves its row', () => {
    const list = new TracesList();
    list.reset({ items: [traceRow('a', 5), traceRow('b', 3)], skipped: 0 });
    list.merge({ items: [traceRow('a', 1)], skipped: 0 });
    expect(list.ids).toEqual(['b', 'a']);
  });

  it('wait while the list is held, and come in when it is let go', () => {
    const list = new TracesList();
    list.reset({ items: [traceRow('a', 1)], skipped: 0 });
    list.hold(true);
    list.merge({ items: [traceRow('b', 2), traceRow('a', 1, { errorCount: 1 })], skipped: 0 });
    list.merge({ items: [traceRow('b', 2)], skipped: 0 });
    expect(list.ids).toEqual(['a']);
    expect(list.row('a')?.errorCount).toBe(1);
    expect(list.waiting).toBe(1);
    list.hold(false);
    expect(list.ids).toEqual(['b', 'a']);
    expect(list.waiting).toBe(0);
  });

  it('say when there are more, and take older pages', () => {
    const list = new TracesList();
    list.reset({ items: [traceRow('b', 9)], skipped: 4 });
    expect(list.complete).toBe(false);
    expect(list.oldestStart()).toBe(traceRow('b', 9).startTimeUnixNano);
    list.append({ items: [traceRow('a', 1), traceRow('b', 9)] });
    expect(list.ids).toEqual(['b', 'a']);
    expect(list.complete).toBe(true);
    list.reset({ items: [], skipped: 0 });
    expect([list.ids.length, list.row('a'), list.oldestStart()]).toEqual([0, undefined, undefined]);
  });

  it('are at most 2,000: the oldest go', () => {
    const list = new TracesList();
    const rows = Array.from({ length: 2100 }, (_, i) => traceRow(`t${i}`, i));
    list.merge({ items: rows, skipped: 0 });
    expect(list.ids).toHaveLength(2000);
    expect(list.ids[0]).toBe('t2099');
    expect(list.row('t5')).toBeUndefined();
    expect(list.all()).toHaveLength(2000);
  });
});

describe('log lines', () => {
  const bodies = (list: LogsList): unknown[] => list.lines.map(({ log }) => log.body);

  it('stand oldest first; a late batch is sorted in', () => {
    const list = new LogsList();
    list.reset({ items: [logRecord('b', 20), logRecord('a', 10)], skipped: 0 });
    list.append({ items: [logRecord('d', 40), logRecord('between', 15)], skipped: 0 });
    expect(bodies(list)).toEqual(['a', 'between', 'b', 'd']);
    expect(new Set(list.lines.map(({ number }) => number)).size).toBe(4);
  });

  it('wait while the list is held', () => {
    const list = new LogsList();
    list.reset({ items: [logRecord('a', 10)], skipped: 0 });
    list.hold(true);
    list.append({ items: [logRecord('b', 20)], skipped: 0 });
    expect([bodies(list), list.waiting]).toEqual([['a'], 1]);
    list.hold(false);
    expect([bodies(list), list.waiting]).toEqual([['a', 'b'], 0]);
  });

  it('take older pages without taking a line twice', () => {
    const list = new LogsList();
    list.reset({ items: [logRecord('c', 30), logRecord('b', 20)], skipped: 1 });
    const count = list.prepend({ items: [logRecord('b', 20), logRecord('a', 10)] });
    expect([count, bodies(list), list.complete]).toEqual([1, ['a', 'b', 'c'], true]);
  });

  it('are at most 5,000: the oldest go, and the list says that there are more', () => {
    const list = new LogsList();
    list.append({ items: Array.from({ length: 5001 }, (_, i) => logRecord('x', i)), skipped: 0 });
    expect(list.lines).toHaveLength(5000);
    expect(list.complete).toBe(false);
  });

  it('are in time after any batches', () => {
    const batch = fc.array(fc.nat(1000), { maxLength: 8 });
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 6 }), (batches) => {
        const list = new LogsList();
        for (const times of batches) {
          list.append({ items: times.map((time) => logRecord('x', time)), skipped: 0 });
        }
        const times = list.lines.map(({ log }) => BigInt(log.timeUnixNano));
        for (let i = 1; i < times.length; i += 1) {
          expect((times[i] ?? 0n) >= (times[i - 1] ?? 0n)).toBe(true);
        }
        expect(times).toHaveLength(batches.flat().length);
      }),
    );
  });
});
