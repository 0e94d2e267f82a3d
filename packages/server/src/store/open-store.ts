import { mkdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';

import { MAX_REQUEST_HASHES, REQUEST_MEMORY_MILLIS } from '../limits.js';
import { arrangeTables } from './arrange.js';
import { DamageNotes } from './damage-notes.js';
import { type DataDirectory, holderOf, openDataDirectory } from './data-directory.js';
import { forgetDefinitions, restoreDefinitions, saveDefinitions } from './definitions.js';
import { EmbeddedEngine } from './embedded-engine.js';
import type { CommitObserver } from './commit-observer.js';
import { GroupCommit } from './group-commit.js';
import { missingRows } from './inserted-rows.js';
import { lowerMergePriority } from './merge-priority.js';
import { migrate } from './migrations.js';
import { setAsideMutations } from './mutation-files.js';
import { PartCheck } from './part-check.js';
import { type RedoFaults, RedoLog } from './redo-log.js';
import { RequestHashes } from './request-hashes.js';
import { Retention } from './retention.js';
import type { TableOptions } from './tables.js';
import { registerLookup, TraceLookup } from './trace-lookup.js';

export interface StoreOptions extends TableOptions {
  readonly dataDir: string;
  /** Stamped beside the schema's version. */
  readonly release: string;
  readonly observer: CommitObserver;
}

/** The embedded store, ready to take and to answer. */
export interface Store {
  readonly engine: EmbeddedEngine;
  readonly commits: GroupCommit;
  /** What was found broken, oldest first; empty when nothing ever was. */
  damage(): readonly string[];
  /** Resolves when every part that was there at the start has been checked. */
  checked(): Promise<void>;
  /** Stores what is queued and closes. */
  close(): Promise<void>;
}

/**
 * Opens a data directory: engine, tables, what an earlier process left in the redo log.
 * Throws EngineUnsupported, DirectoryLocked, NewerSchema, or an Error that says what to do.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { dataDir, fsync, retentionSeconds, maxDiskBytes, release, observer } = options;
  const directory = openDataDirectory(dataDir);
  const notes = new DamageNotes(directory.damageNotes);
  restoreBroken(directory, notes);
  const engine = await EmbeddedEngine.open(directory);
  const parts = new PartCheck({ engine, notes });
  engine.whenDamaged((error) => parts.repair(error));
  try {
    const tables = { fsync, retentionSeconds, maxDiskBytes };
    const beforeChange = (): void => forgetDefinitions(directory);
    await migrate(engine, tables, release, beforeChange);
    lowerMergePriority();
    saveDefinitions(directory);
    await parts.noteDetached();
    const hashes = await RequestHashes.open({
      directory: directory.hashes,
      memoryMillis: REQUEST_MEMORY_MILLIS,
      maxHashes: MAX_REQUEST_HASHES,
      fsync,
      now: Date.now,
    });
    const redo = new RedoLog(directory.redo, fsync, redoFaults(directory, notes));
    const syncTable = fsync ? (table: string): Promise<void> => engine.syncTable(table) : undefined;
    const lookup = new TraceLookup(
      { engine, redo, observer, syncTable },
      BigInt(Date.now()) * 1_000_000n,
    );
    registerLookup(engine, lookup);
    const commits = new GroupCommit({
      engine,
      redo,
      hashes,
      observer,
      lookup,
      syncTable,
      missingRows: (group, table) => missingRows(engine, group, table),
    });
    await commits.recover();
    const trouble = (message: string): void => observer.trouble(message);
    const isChanged = await arrangeTables({ ...tables, engine, beforeChange, trouble });
    if (isChanged) saveDefinitions(directory);
    const retention = new Retention({ engine, observer, maxBytes: maxDiskBytes });
    retention.start();
    parts.start();
    return {
      engine,
      commits,
      damage: () => notes.list(),
      checked: () => parts.checked(),
      close: async () => {
        await commits.close();
        await retention.close();
        await parts.close();
        await engine.close();
      },
    };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** What another process has open is not touched: opening it will say who has it. */
function restoreBroken(directory: DataDirectory, notes: DamageNotes): void {
  if (holderOf(directory.root) !== undefined) return;
  for (const name of restoreDefinitions(directory)) {
    notes.add(`the definition ${name} was damaged and was restored; no record was lost by that`);
  }
  for (const name of setAsideMutations(directory.root, directory.damaged)) {
    notes.add(
      `${name} was damaged and was set aside: records whose deletion it asked for may remain`,
    );
  }
}

function redoFaults(directory: DataDirectory, notes: DamageNotes): RedoFaults {
  return {
    setAside: (file) => {
      mkdirSync(directory.damaged, { recursive: true, mode: 0o700 });
      renameSync(file, join(directory.damaged, basename(file)));
      notes.add(
        `${basename(file)} of the redo log was damaged and was set aside;` +
          ' nobody had been told that it was stored',
      );
    },
    cutShort: (file) => {
      notes.add(
        `${basename(file)} of the redo log was cut short, as when a server is killed while it` +
          ' writes, and was dropped; nobody had been told that it was stored',
      );
    },
  };
}
