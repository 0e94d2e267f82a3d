import { describe, expect, it } from 'vitest';

import { KEPT_ROOM_SIZE, LARGEST_ROOM_SIZE, SMALLEST_ROOM_SIZE } from './limits.js';
import { giveRoom, takeRoom } from './room.js';

describe('room', () => {
  it('is used again once it was given back, by whoever needs about as much', () => {
    const first = takeRoom(100_000);
    expect(first.length).toBe(100_000);
    const { buffer } = first;
    expect(takeRoom(100_000).buffer).not.toBe(buffer);
    giveRoom(first.subarray(0, 10));
    expect(takeRoom(120_000).buffer).toBe(buffer);
  });

  it('that was given back twice is lent once', () => {
    const room = takeRoom(300_000);
    giveRoom(room);
    giveRoom(room);
    expect(takeRoom(300_000).buffer).toBe(room.buffer);
    expect(takeRoom(300_000).buffer).not.toBe(room.buffer);
  });

  it('of others is not taken, and neither is what is very small or large', () => {
    const other = new Uint8Array(131_072);
    giveRoom(other);
    expect(takeRoom(131_072).buffer).not.toBe(other.buffer);
    for (const size of [SMALLEST_ROOM_SIZE - 1, LARGEST_ROOM_SIZE + 1]) {
      const room = takeRoom(size);
      expect(room.length).toBe(size);
      giveRoom(room);
      expect(takeRoom(size).buffer).not.toBe(room.buffer);
    }
  });

  it('beyond a limit is not kept', () => {
    const count = KEPT_ROOM_SIZE / LARGEST_ROOM_SIZE + 1;
    const rooms = Array.from({ length: count }, () => takeRoom(LARGEST_ROOM_SIZE));
    for (const room of rooms) giveRoom(room);
    const buffers = new Set(rooms.map(({ buffer }) => buffer));
    const again = rooms.map(() => takeRoom(LARGEST_ROOM_SIZE).buffer);
    const reused = again.filter((buffer) => buffers.has(buffer));
    expect(reused.length).toBeGreaterThan(0);
    expect(reused.length).toBeLessThan(count);
  });
});
