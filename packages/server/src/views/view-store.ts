import type { View } from '@codomyrmex/telemetry-query';

import type { Engine } from '../store/engine.js';
import { ViewError } from './view-error.js';
import type { ViewBody } from './view-schema.js';

/** Views of all programs together: a page with more is none. */
const MAX_VIEWS = 1000;

const COLUMNS = [
  { name: 'Id', type: 'String' },
  { name: 'View', type: 'String' },
  { name: 'Updated', type: 'DateTime64(9)' },
  { name: 'Deleted', type: 'UInt8' },
] as const;

/** The registered views: kept in the store, served from memory. */
export class ViewStore {
  readonly #engine: Engine;
  readonly #listeners = new Set<() => void>();
  #views: Promise<Map<string, View>> | undefined;
  #lastUpdate = 0n;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** All views, by group, then order, then first registration. */
  async list(): Promise<readonly View[]> {
    const views = [...(await this.#loaded()).values()];
    return views.toSorted(byPlace);
  }

  /** Throws ViewError not_found. */
  async get(id: string): Promise<View> {
    const view = (await this.#loaded()).get(id);
    if (view === undefined) throw new ViewError('not_found', `no view has the id ${id}`);
    return view;
  }

  /** Keeps the view; a view of that id is replaced, the same view again changes nothing. */
  async put(id: string, body: ViewBody): Promise<View> {
    const views = await this.#loaded();
    const known = views.get(id);
    if (known === undefined && views.size >= MAX_VIEWS) {
      throw new ViewError('too_many_views', `there are ${MAX_VIEWS} views: delete some first`);
    }
    const updated = this.#now();
    const view: View = {
      ...body,
      id,
      createdUnixNano: known?.createdUnixNano ?? String(updated),
      updatedUnixNano: String(updated),
    };
    if (known !== undefined && sameView(known, view)) return known;
    await this.#write(id, JSON.stringify(view), updated, false);
    views.set(id, view);
    this.#changed();
    return view;
  }

  /** Throws ViewError not_found. */
  async delete(id: string): Promise<void> {
    const views = await this.#loaded();
    await this.get(id);
    await this.#write(id, '', this.#now(), true);
    views.delete(id);
    this.#changed();
  }

  /** Tells about every change; returns how to stop that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #loaded(): Promise<Map<string, View>> {
    this.#views ??= this.#load().catch((error: unknown) => {
      this.#views = undefined;
      throw error;
    });
    return this.#views;
  }

  async #load(): Promise<Map<string, View>> {
    const rows = await this.#engine.query<{ id: string; view: string }>(
      'SELECT Id AS id, View AS view FROM codomyrmex_views FINAL WHERE Deleted = 0 ORDER BY Id',
    );
    return new Map(rows.map((row) => [row.id, JSON.parse(row.view) as View]));
  }

  async #write(id: string, view: string, updated: bigint, deleted: boolean): Promise<void> {
    const time = Buffer.alloc(9);
    time.writeBigInt64LE(updated);
    time.writeUInt8(deleted ? 1 : 0, 8);
    await this.#engine.insert({
      table: 'codomyrmex_views',
      columns: COLUMNS,
      rows: { bytes: [sized(id), sized(view), time] },
      token: `view-${updated}`,
    });
  }

  /** Nanoseconds since the epoch, later than every update before: the newest row of an id wins. */
  #now(): bigint {
    const now = BigInt(Date.now()) * 1_000_000n;
    this.#lastUpdate = now > this.#lastUpdate ? now : this.#lastUpdate + 1n;
    return this.#lastUpdate;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

const STORES = new WeakMap<Engine, ViewStore>();

/** The one view store of an engine. */
export function viewStoreOf(engine: Engine): ViewStore {
  const known = STORES.get(engine);
  if (known !== undefined) return known;
  const store = new ViewStore(engine);
  STORES.set(engine, store);
  return store;
}

/** A RowBinary string: LEB128 length, then UTF-8. */
function sized(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  const length: number[] = [];
  let rest = bytes.length;
  while (rest >= 0x80) {
    length.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}

function sameView(a: View, b: View): boolean {
  return canonical(a) === canonical({ ...b, updatedUnixNano: a.updatedUnixNano });
}

function canonical(view: View): string {
  return JSON.stringify(Object.entries(view).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function byPlace(a: View, b: View): number {
  const groups = compareText(a.group ?? '', b.group ?? '');
  if (groups !== 0) return groups;
  const order = (a.order ?? 0) - (b.order ?? 0);
  if (order !== 0) return order;
  const created = BigInt(a.createdUnixNano) - BigInt(b.createdUnixNano);
  return created === 0n ? compareText(a.id, b.id) : created < 0n ? -1 : 1;
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
