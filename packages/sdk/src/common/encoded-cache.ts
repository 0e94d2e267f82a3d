/**
 * Attributes and names that come again and again are kept as encoded bytes: copying forty bytes by
 * words takes a third of the time that writing them character by character does. What is written
 * under one name has mostly the same keys in the same order, often with the same values: so each
 * name keeps slots with what was written last, and a comparison takes the place of two look-ups.
 *
 *     name ──► slots [ key, value, bytes ] [ key, value, bytes ] …
 *     key  ──► encoded key, and values ──► bytes
 */
import { writeKeyValue, writeValueMessage } from './attributes.js';
import type { AnyValue, FlatAttributes } from './attributes.js';
import { ChunkWriter, pieceOf } from './chunk-writer.js';
import type { Piece } from './chunk-writer.js';
import { CACHED_KEYS, CACHED_LENGTH, CACHED_NAMES, CACHED_SLOTS, CACHED_VALUES } from './limits.js';

const TAG_KEY = 0x0a;
const TAG_VALUE = 0x12;
const TAG_STRING = 0x0a;

interface CachedKey {
  /** Field 1 of KeyValue and the tag of field 2. */
  readonly head: Piece;
  /** Length and content of KeyValue by value; `undefined` once the key had too many values. */
  values: Map<AnyValue, Piece> | undefined;
}

/** The attribute last written at one place. */
interface Slot {
  key: string;
  cached: CachedKey | undefined;
  value: AnyValue;
  /** Length and content of KeyValue, of `value`. */
  piece: Piece | undefined;
}

/** The attributes last written behind one name; found with {@link writeCachedName}. */
export type AttributeSlots = Slot[];

interface CachedName {
  readonly piece: Piece;
  readonly slots: AttributeSlots;
}

const cachedKeys = new Map<string, CachedKey>();
const cachedNames = new Map<string, CachedName>();
const scratch: ChunkWriter = new ChunkWriter(1024);
/** For what has no name, or one that is not kept. */
const spareSlots: AttributeSlots = [];

/** Writes flat attributes as repeated KeyValue fields with the tag `tag`; by cache where it can. */
export function writeCachedAttributes(
  writer: ChunkWriter,
  tag: number,
  flat: FlatAttributes,
  slots: AttributeSlots = spareSlots,
): void {
  for (let index = 0; index < flat.length; index += 2) {
    const key = flat[index] as string;
    const value = flat[index + 1] as AnyValue;
    const place = (index >> 1) % CACHED_SLOTS;
    let slot = slots[place];
    if (slot === undefined || slot.key !== key) slot = takeSlot(slots, place, key);
    if (slot.piece !== undefined && slot.value === value) writer.piece(tag, slot.piece);
    else writeBySlot(writer, tag, slot, value, key);
  }
}

function takeSlot(slots: AttributeSlots, place: number, key: string): Slot {
  const cached = cachedKeys.get(key) ?? keepKey(key);
  const isLong = key.length > CACHED_LENGTH;
  const slot: Slot = { key: isLong ? '' : key, cached, value: undefined, piece: undefined };
  slots[place] = slot;
  return slot;
}

function writeBySlot(
  writer: ChunkWriter,
  tag: number,
  slot: Slot,
  value: AnyValue,
  key: string,
): void {
  const cached = slot.cached;
  if (cached === undefined) {
    writeKeyValue(writer, tag, key, value);
    return;
  }
  const piece = cached.values?.get(value) ?? keepValue(cached, value);
  if (piece !== undefined) {
    slot.value = value;
    slot.piece = piece;
    writer.piece(tag, piece);
    return;
  }
  if (typeof value === 'string' && writer.shortAttribute(tag, cached.head, value)) return;
  writer.byte(tag);
  writeValue(writer, cached.head, value);
}

function writeValue(writer: ChunkWriter, head: Piece, value: AnyValue): void {
  // 4: the value's tag and its two lengths, mostly.
  const estimate = head.size + 4 + (typeof value === 'string' ? value.length : 7);
  const start = writer.open(estimate);
  writer.words(head.words, head.size);
  if (typeof value === 'string') writeString(writer, value);
  else writeValueMessage(writer, value);
  writer.close(start, estimate);
}

function writeString(writer: ChunkWriter, value: string): void {
  const estimate = value.length + 2;
  const start = writer.open(estimate);
  writer.byte(TAG_STRING);
  writer.string(value);
  writer.close(start, estimate);
}

function keepKey(key: string): CachedKey | undefined {
  if (cachedKeys.size >= CACHED_KEYS || key.length > CACHED_LENGTH) return undefined;
  scratch.position = 0;
  scratch.byte(TAG_KEY);
  scratch.string(key);
  scratch.byte(TAG_VALUE);
  const cached = { head: pieceOf(scratch, 0), values: new Map<AnyValue, Piece>() };
  cachedKeys.set(key, cached);
  return cached;
}

function keepValue(cached: CachedKey, value: AnyValue): Piece | undefined {
  const values = cached.values;
  if (values === undefined || typeof value === 'object' || value === undefined) return undefined;
  if (typeof value === 'string' && value.length > CACHED_LENGTH) return undefined;
  if (values.size >= CACHED_VALUES) {
    cached.values = undefined;
    return undefined;
  }
  scratch.position = 0;
  writeValue(scratch, cached.head, value);
  const piece = pieceOf(scratch, 0);
  values.set(value, piece);
  return piece;
}

/**
 * Writes a name that is likely to come again as a string field with the tag `tag`. Returns the
 * slots to give to {@link writeCachedAttributes} for the attributes that belong to it.
 */
export function writeCachedName(writer: ChunkWriter, tag: number, name: string): AttributeSlots {
  const cached = cachedNames.get(name) ?? keepName(name);
  if (cached === undefined) {
    writer.byte(tag);
    writer.string(name);
    return spareSlots;
  }
  writer.piece(tag, cached.piece);
  return cached.slots;
}

function keepName(name: string): CachedName | undefined {
  if (cachedNames.size >= CACHED_NAMES || name.length > CACHED_LENGTH) return undefined;
  scratch.position = 0;
  scratch.string(name);
  const cached = { piece: pieceOf(scratch, 0), slots: [] };
  cachedNames.set(name, cached);
  return cached;
}
