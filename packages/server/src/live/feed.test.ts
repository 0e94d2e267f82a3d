import { describe, expect, it } from 'vitest';

import type { TimeRange } from '../query/range.js';
import { Feed } from './feed.js';
import { Subscription } from './subscription.js';
import type { Source } from './source.js';
import type { Update } from './update.js';

/** A question that counts how often it is asked, and can be held up. */
class CountingSource implements Source {
  readonly shape = { field: 'items', frameItems: 200, overflow: 'drop' } as const;
  readonly tables = ['otel_logs'] as const;
  readonly moves = false;
  readonly windows: TimeRange[] = [];
  snapshots = 0;
  failure: Error | undefined;

  async snapshot(): Promise<Update> {
    this.snapshots += 1;
    if (this.failure !== undefined) throw this.failure;
    return { type: 'items', items: [], skipped: 0 };
  }

  async delta(window: TimeRange): Promise<Update> {
    this.windows.push(window);
    if (this.failure !== undefined) throw this.failure;
    const key = String(this.windows.length);
    return { type: 'items', items: [{ key, json: key, digest: key }], skipped: 0 };
  }
}

function setUp(): {
  source: CountingSource;
  feed: Feed;
  subscription: Subscription;
  frames: string[];
  errors: unknown[];
  sent: (count: number) => Promise<void>;
} {
  const source = new CountingSource();
  const errors: unknown[] = [];
  const feed = new Feed(
    source,
    100n,
    () => 0,
    (error) => errors.push(error),
  );
  const frames: string[] = [];
  let check: (() => void) | undefined;
  const subscription: Subscription = new Subscription(
    1,
    source.shape,
    (frame) => {
      frames.push(frame);
      // The page acknowledges at once.
      queueMicrotask(() => subscription.acknowledge(frames.length));
      check?.();
    },
    () => undefined,
  );
  const sent = (count: number): Promise<void> =>
    new Promise((resolve) => {
      check = () => {
        if (frames.length >= count) resolve();
      };
      check();
    });
  return { source, feed, subscription, frames, errors, sent };
}

describe('a feed', () => {
  it('asks once for commits that come close together', async () => {
    const { source, feed, subscription, sent } = setUp();
    feed.join(subscription);
    await sent(1);
    for (let n = 1n; n <= 20n; n++) {
      feed.wake({ rows: { otel_logs: 1 }, ingestFrom: 100n + n, ingestTo: 200n + n });
    }
    feed.wake({ rows: { otel_traces: 9 }, ingestFrom: 1n, ingestTo: 999n });
    await sent(2);
    expect(source.windows).toEqual([{ from: 101n, to: 220n }]);
    expect(source.snapshots).toBe(1);
    await feed.close();
  });

  it('hands out at once what is committed when it is told to flush', async () => {
    const { source, feed, subscription, frames, sent } = setUp();
    feed.join(subscription);
    await sent(1);
    feed.wake({ rows: { otel_logs: 1 }, ingestFrom: 5n, ingestTo: 6n });
    await feed.flush();
    expect(frames).toHaveLength(2);
    expect(source.windows).toEqual([{ from: 5n, to: 6n }]);
    await feed.close();
  });

  it('tells who waited for a snapshot that failed', async () => {
    const { source, feed, subscription, errors } = setUp();
    source.failure = new Error('the engine is gone');
    feed.join(subscription);
    await feed.flush();
    expect(errors).toEqual([source.failure]);
    await feed.close();
  });

  it('asks again for the rows of a question that failed', async () => {
    const { source, feed, subscription, frames, errors, sent } = setUp();
    feed.join(subscription);
    await sent(1);
    source.failure = new Error('the engine is busy');
    feed.wake({ rows: { otel_logs: 1 }, ingestFrom: 5n, ingestTo: 6n });
    await feed.flush();
    expect([frames.length, errors]).toEqual([1, [source.failure]]);
    source.failure = undefined;
    await feed.flush();
    expect(frames).toHaveLength(2);
    expect(source.windows).toEqual([
      { from: 5n, to: 6n },
      { from: 5n, to: 6n },
    ]);
    await feed.close();
  });

  it('gives everyone a snapshot again when records are gone', async () => {
    const { source, feed, subscription, frames, sent } = setUp();
    feed.join(subscription);
    await sent(1);
    feed.reload();
    await sent(2);
    expect(source.snapshots).toBe(2);
    expect(frames[1]).toContain('"op":"snapshot"');
    await feed.close();
  });

  it('asks nothing without anyone to tell', async () => {
    const { source, feed, subscription } = setUp();
    feed.join(subscription);
    feed.leave(subscription);
    await feed.flush();
    expect([source.snapshots, feed.size]).toEqual([0, 0]);
    await feed.close();
  });
});
