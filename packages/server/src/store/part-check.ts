import { setTimeout as delay } from 'node:timers/promises';

import { DAMAGE_LIMITS } from '../limits.js';
import type { DamageNotes } from './damage-notes.js';
import { type Engine, EngineError } from './engine.js';
import { sqlString } from './parameters.js';
import { quoteName } from './tables.js';

export interface PartCheckOptions {
  readonly engine: Pick<Engine, 'query' | 'command'>;
  readonly notes: DamageNotes;
}

interface Part {
  readonly table: string;
  readonly name: string;
  readonly rows: string;
}

/**
 * ClickHouse's codes of a file that is not what was written: checksums (40), codecs (432, 271),
 * lengths (32, 33, 246, 117), files that are gone (107, 226, 76).
 */
const DAMAGE_CODES: ReadonlySet<number> = new Set([32, 33, 40, 76, 107, 117, 226, 246, 271, 432]);

/** A part in the path of one of its files: `…/store/abc/<uuid>/20000-1_1_1_0/data.bin`. */
const PART_PATH = /\/store\/[0-9a-f]{3}\/[0-9a-f-]{36}\/([\w-]+)/;

/** Whether a query failed because a file of the data is broken. */
export function isDamage(error: unknown): boolean {
  return (
    error instanceof EngineError &&
    DAMAGE_CODES.has(error.code) &&
    (error.code === 40 || PART_PATH.test(error.message))
  );
}

/**
 * Whether a query failed to read a file of which the engine does not say where it is. Seen every
 * few minutes of a soak, while a short retention removed rows («while reading prefix of column
 * ResourceAttributes.keys»); no file was broken, and the cause is not known.
 */
export function isPassing(error: unknown): boolean {
  return (
    error instanceof EngineError && DAMAGE_CODES.has(error.code) && !PART_PATH.test(error.message)
  );
}

/**
 * Finds parts with broken files and sets them aside, so that queries answer from the rest: the
 * engine itself does so at opening for what it reads then (lengths, small files); flipped bytes in
 * the data it meets only in a query, and flipped bytes in an index may hide rows without any
 * error. So every part that was there at a start is checked once, slowly, while the server serves.
 */
export class PartCheck {
  readonly #options: PartCheckOptions;
  #working: Promise<unknown> = Promise.resolve();
  #checking: Promise<unknown> = Promise.resolve();
  /** Stops a check that runs, and a rest. */
  readonly #closing = new AbortController();

  constructor(options: PartCheckOptions) {
    this.#options = options;
  }

  /** Tells of the parts that the engine set aside at opening. */
  async noteDetached(): Promise<void> {
    const { engine, notes } = this.#options;
    const parts = await engine.query<{ table: string; name: string; reason: string }>(
      `SELECT table, name, reason FROM system.detached_parts
       WHERE database = currentDatabase() AND reason != ''
         AND reason NOT IN
           ('ignored', 'clone', 'attaching', 'deleting', 'tmp-fetch', 'covered-by-broken')`,
    );
    for (const { table, name } of parts) {
      notes.add(`${table}: part ${name} could not be read at start and was set aside`);
    }
  }

  /** Checks every part once, resting four times as long as it works. Never rejects. */
  start(): void {
    this.#working = this.#checkAll().catch(() => undefined); // the next start checks again
  }

  /** Resolves when every part has been checked, or checking was stopped. */
  async checked(): Promise<void> {
    await this.#working;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#working;
  }

  /** After a query that failed with `error`: true when a part is set aside, so ask again. */
  async repair(error: EngineError): Promise<boolean> {
    if (this.#closing.signal.aborted) return false;
    const named = PART_PATH.exec(error.message)?.[1];
    const parts = await this.#parts();
    const suspects = named === undefined ? parts : parts.filter((part) => part.name === named);
    // Another query met it too, or the check was just there.
    if (suspects.length === 0) return true;
    let isRepaired = false;
    for (const part of suspects) {
      if (!(await this.#check(part))) isRepaired = true;
    }
    if (isRepaired) return true;
    // Set aside meanwhile by the check of all parts, or replaced: asking again does not meet it.
    const left = new Set((await this.#parts()).map((part) => `${part.table}/${part.name}`));
    return suspects.some((part) => !left.has(`${part.table}/${part.name}`));
  }

  async #checkAll(): Promise<void> {
    for (const part of await this.#parts()) {
      if (this.#closing.signal.aborted) return;
      const began = performance.now();
      await this.#check(part);
      const worked = performance.now() - began;
      if (worked > DAMAGE_LIMITS.restFromMillis) {
        await delay(4 * worked, undefined, { signal: this.#closing.signal });
      }
    }
  }

  #parts(): Promise<readonly Part[]> {
    return this.#options.engine.query<Part>(
      `SELECT table, name, rows FROM system.parts
       WHERE database = currentDatabase() AND active ORDER BY bytes_on_disk`,
    );
  }

  /** One at a time, or two would set the same part aside. False: it was broken, and is no more. */
  #check(part: Part): Promise<boolean> {
    const checked = this.#checking.then(async () => {
      const isWhole = await this.#isWhole(part);
      if (!isWhole) await this.#setAside(part);
      return isWhole;
    });
    this.#checking = checked.catch(() => undefined);
    return checked;
  }

  /** True also when the part is gone meanwhile: merged or dropped. */
  async #isWhole(part: Part): Promise<boolean> {
    try {
      const rows = await this.#options.engine.query<{ is_passed: number; message: string }>(
        `CHECK TABLE ${quoteName(part.table)} PART ${sqlString(part.name)}
         SETTINGS check_query_single_value_result = 0`,
        {},
        { timeoutMillis: DAMAGE_LIMITS.checkMillis, signal: this.#closing.signal },
      );
      return rows.every((row) => Number(row.is_passed) === 1);
    } catch (error) {
      return !(error instanceof EngineError && DAMAGE_CODES.has(error.code));
    }
  }

  async #setAside({ table, name, rows }: Part): Promise<void> {
    const { engine, notes } = this.#options;
    await engine.command(`ALTER TABLE ${quoteName(table)} DETACH PART ${sqlString(name)}`);
    notes.add(`${table}: part ${name} (${rows} rows) is damaged and was set aside`);
  }
}
