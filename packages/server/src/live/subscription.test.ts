import { describe, expect, it } from 'vitest';

import { Subscription } from './subscription.js';
import type { Item, ListShape, Update } from './update.js';

const LIST: ListShape = { field: 'items', frameItems: 200, overflow: 'drop' };
const TRACE: ListShape = { field: 'spans', frameItems: 2, overflow: 'queue' };

interface Frame {
  readonly op: string;
  readonly seq: number;
  readonly data: {
    readonly items?: readonly number[];
    readonly spans?: readonly number[];
    readonly skipped?: number;
  };
}

function subscribe(shape: ListShape | undefined): {
  frames: Frame[];
  idle: () => number;
  subscription: Subscription;
} {
  const frames: Frame[] = [];
  let idle = 0;
  const subscription = new Subscription(
    3,
    shape,
    (frame) => frames.push(JSON.parse(frame) as Frame),
    () => (idle += 1),
  );
  return { frames, idle: () => idle, subscription };
}

const item = (key: number, value = key): Item => ({
  key: String(key),
  json: String(value),
  digest: String(value),
});
const items = (list: readonly Item[], skipped = 0): Update => ({
  type: 'items',
  items: list,
  skipped,
});

describe('a subscription', () => {
  it('merges what happens until the page has acknowledged', () => {
    const { frames, subscription, idle } = subscribe(LIST);
    subscription.snapshot(items([item(2), item(1)]));
    subscription.update(items([item(3)]));
    subscription.update(items([item(4), item(3, 33)], 5));
    expect(frames).toHaveLength(1);
    expect(subscription.isIdle).toBe(false);
    subscription.acknowledge(7);
    expect(frames).toHaveLength(1);
    subscription.acknowledge(1);
    expect(frames.map((frame) => [frame.op, frame.seq])).toEqual([
      ['snapshot', 1],
      ['delta', 2],
    ]);
    expect(frames[1]?.data).toEqual({ items: [4, 33], skipped: 5 });
    subscription.acknowledge(2);
    expect([subscription.isIdle, idle()]).toEqual([true, 1]);
  });

  it('sends a row again only when it has changed', () => {
    const { frames, subscription } = subscribe(LIST);
    subscription.snapshot(items([item(1)]));
    subscription.acknowledge(1);
    subscription.update(items([item(1)]));
    expect(frames).toHaveLength(1);
    subscription.update(items([item(1, 9)]));
    expect(frames[1]?.data.items).toEqual([9]);
  });

  it('keeps the newest rows for a page that is behind, and counts the others', () => {
    const { frames, subscription } = subscribe(LIST);
    subscription.snapshot(items([]));
    for (let key = 1; key <= 500; key++) subscription.update(items([item(key)]));
    subscription.acknowledge(1);
    expect(frames[1]?.data.items).toHaveLength(200);
    expect(frames[1]?.data.items?.[0]).toBe(500);
    expect(frames[1]?.data.skipped).toBe(300);
  });

  it('sends a large trace in pieces, the earliest spans first', () => {
    const { frames, subscription } = subscribe(TRACE);
    // Newest first, as lists come.
    subscription.snapshot(items([5, 4, 3, 2, 1].map((key) => item(key))));
    subscription.acknowledge(1);
    subscription.acknowledge(2);
    subscription.acknowledge(3);
    expect(frames.map((frame) => frame.data.spans)).toEqual([[2, 1], [4, 3], [5]]);
    expect(frames.map((frame) => frame.op)).toEqual(['snapshot', 'delta', 'delta']);
  });

  it('keeps only the latest state', () => {
    const { frames, subscription } = subscribe(undefined);
    const state = (json: string): Update => ({ type: 'state', json });
    subscription.snapshot(state('1'));
    subscription.update(state('2'));
    subscription.update(state('3'));
    subscription.acknowledge(1);
    expect(frames.map((frame) => frame.data)).toEqual([1, 3]);
  });

  it('forgets while paused and owes a snapshot afterwards', () => {
    const { frames, subscription } = subscribe(LIST);
    subscription.snapshot(items([item(1)]));
    subscription.pause();
    subscription.update(items([item(2)]));
    expect([subscription.isIdle, subscription.wantsSnapshot]).toEqual([true, false]);
    subscription.resume();
    expect(subscription.wantsSnapshot).toBe(true);
    subscription.snapshot(items([item(2), item(1)]));
    subscription.snapshot(items([item(9)]));
    expect(frames.map((frame) => [frame.op, frame.data.items])).toEqual([
      ['snapshot', [1]],
      ['snapshot', [2, 1]],
    ]);
  });
});
