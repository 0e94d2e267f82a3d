/**
 * Room for bodies and rows, used again. Fresh memory outside V8's heap counts towards its next
 * full collection: 150 requests of 350 kB a second made three of them, a tenth of all CPU.
 */
import { KEPT_ROOM_SIZE, LARGEST_ROOM_SIZE, SMALLEST_ROOM_SIZE } from './limits.js';

/** Free buffers by their size, a power of two. */
const free = new Map<number, ArrayBuffer[]>();
let freeSize = 0;
/** Those that are out, so that a buffer comes back once and only if it is ours. */
const lent = new WeakSet<ArrayBufferLike>();

/** So many bytes, with anything in them. */
export function takeRoom(length: number): Uint8Array {
  if (length < SMALLEST_ROOM_SIZE || length > LARGEST_ROOM_SIZE) {
    return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
  }
  const size = 2 ** Math.ceil(Math.log2(length));
  let buffer = free.get(size)?.pop();
  if (buffer === undefined) {
    buffer = Buffer.allocUnsafeSlow(size).buffer;
  } else {
    freeSize -= size;
  }
  lent.add(buffer);
  return new Uint8Array(buffer, 0, length);
}

/** Gives back what `takeRoom` gave, whole or as a view of it; nobody may use it any more. */
export function giveRoom(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (!lent.delete(buffer) || freeSize + buffer.byteLength > KEPT_ROOM_SIZE) {
    return;
  }
  const size = buffer.byteLength;
  const same = free.get(size);
  if (same === undefined) {
    free.set(size, [buffer as ArrayBuffer]);
  } else {
    same.push(buffer as ArrayBuffer);
  }
  freeSize += size;
}
