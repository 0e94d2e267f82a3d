import type * as Chdb from 'chdb';
import type { Session } from 'chdb';

import { ENGINE_CAPS } from '../limits.js';
import { holderOf } from './data-directory.js';
import { EngineError } from './engine.js';

/** The embedded engine has no library for this platform. */
export class EngineUnsupported extends Error {
  constructor(options?: ErrorOptions) {
    super(
      `the embedded engine has no build for ${process.platform}-${process.arch}` +
        ' (it has Linux x64 and arm64 with glibc, and macOS); on Windows run the server in WSL2,' +
        ' elsewhere on a supported machine. (A ClickHouse server by URL comes later.)',
      options,
    );
    this.name = 'EngineUnsupported';
  }
}

/** Another process holds the data directory. */
export class DirectoryLocked extends Error {
  constructor(root: string, pid: number | undefined, options?: ErrorOptions) {
    const who = pid === undefined ? 'another process' : `process ${pid}`;
    super(
      `the data directory ${root} is in use by ${who}: stop that server first,` +
        ' or choose another directory with --data-dir (or --memory)',
      options,
    );
    this.name = 'DirectoryLocked';
  }
}

/**
 * Server settings of the engine, as command-line arguments (after `--`: configuration, before it:
 * settings of every session). Uncapped it has had 177 threads and 708 file handles after a minute.
 */
function connectionArgs(): readonly string[] {
  const caps = ENGINE_CAPS;
  return [
    '--output_format_json_quote_64bit_integers=1',
    '--output_format_json_quote_denormals=1',
    '--',
    `--mark_cache_size=${caps.markCacheBytes}`,
    `--primary_index_cache_size=${caps.primaryIndexCacheBytes}`,
    `--index_mark_cache_size=${caps.indexMarkCacheBytes}`,
    `--text_index_tokens_cache_size=${caps.textIndexCacheBytes}`,
    `--text_index_header_cache_size=${caps.textIndexCacheBytes}`,
    `--text_index_postings_cache_size=${caps.textIndexCacheBytes}`,
    `--query_condition_cache_size=${caps.queryConditionCacheBytes}`,
    `--compiled_expression_cache_size=${caps.compiledExpressionCacheBytes}`,
    `--max_thread_pool_size=${caps.threads}`,
    `--thread_pool_queue_size=10000`,
    `--max_io_thread_pool_size=${caps.ioThreads}`,
    `--max_active_parts_loading_thread_pool_size=${caps.partThreads}`,
    `--max_outdated_parts_loading_thread_pool_size=${caps.partThreads}`,
    `--max_parts_cleaning_thread_pool_size=${caps.partThreads}`,
    `--background_pool_size=${caps.mergeThreads}`,
    '--background_schedule_pool_size=1',
    '--background_common_pool_size=1',
  ];
}

/** Opens sessions on one data directory. */
export interface SessionOpener {
  open(): Session;
  /** Resolves when nothing native is outstanding. */
  drained(): Promise<void>;
}

/** Loads the native library. Throws EngineUnsupported. */
export async function loadChdb(root: string): Promise<SessionOpener> {
  let chdb: typeof Chdb;
  try {
    chdb = await import('chdb');
  } catch (error) {
    throw new EngineUnsupported({ cause: error });
  }
  return {
    open: () => {
      try {
        return new chdb.Session(root, { connectionArgs: connectionArgs() });
      } catch (error) {
        throw openError(root, error);
      }
    },
    drained: () => chdb.drainPending(),
  };
}

function openError(root: string, error: unknown): Error {
  // The binding says only "Failed to create connection": who holds the lock is in the lock file.
  const pid = holderOf(root);
  if (pid !== undefined && pid !== process.pid) {
    return new DirectoryLocked(root, pid, { cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  if (/lock file/i.test(message)) return new DirectoryLocked(root, undefined, { cause: error });
  return new Error(`cannot open the store in ${root}: ${message}`, { cause: error });
}

/** The engine's error with ClickHouse's number; 0 when the message has none. */
export function toEngineError(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = Number(/Code: (\d+)/.exec(message)?.[1] ?? 0);
  return new EngineError(code, message.trim(), { cause: error });
}
