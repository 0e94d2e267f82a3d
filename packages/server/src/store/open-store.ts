import { MAX_REQUEST_HASHES, REQUEST_MEMORY_MILLIS } from '../limits.js';
import { openDataDirectory } from './data-directory.js';
import { EmbeddedEngine } from './embedded-engine.js';
import type { CommitObserver } from './commit-observer.js';
import { GroupCommit } from './group-commit.js';
import { migrate } from './migrations.js';
import { RedoLog } from './redo-log.js';
import { RequestHashes } from './request-hashes.js';
import { Retention } from './retention.js';
import type { TableOptions } from './tables.js';

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
  const engine = await EmbeddedEngine.open(directory);
  try {
    await migrate(engine, { fsync, retentionSeconds, maxDiskBytes }, release);
    const hashes = await RequestHashes.open({
      directory: directory.hashes,
      memoryMillis: REQUEST_MEMORY_MILLIS,
      maxHashes: MAX_REQUEST_HASHES,
      fsync,
      now: Date.now,
    });
    const redo = new RedoLog(directory.redo, fsync);
    const commits = new GroupCommit({ engine, redo, hashes, observer });
    await commits.recover();
    const retention = new Retention({ engine, observer, maxBytes: maxDiskBytes });
    retention.start();
    return {
      engine,
      commits,
      close: async () => {
        await commits.close();
        await retention.close();
        await engine.close();
      },
    };
  } catch (error) {
    await engine.close();
    throw error;
  }
}
