import { startBenchBackend } from './backend.js';
import { runLoad } from './load.js';
import type { BenchResult } from './main.js';

/** Enough for parts of the size that they have in the end: an index or a mark is not all of one. */
const SECONDS = Number(process.env['DISK_BENCH_SECONDS'] ?? 15);

interface Engine {
  command(sql: string): Promise<void>;
  query<Row>(sql: string): Promise<Row[]>;
  close(): Promise<void>;
}

/**
 * Bytes on disk of a span: 8 attributes, 20 spans a trace, 5,000 users and as many distinct values
 * besides, random ids and durations (packages/server/src/load/load-records.ts), after merges.
 */
export async function run(): Promise<BenchResult> {
  const backend = await startBenchBackend();
  try {
    const load = ['--url', backend.otlpHttp, '--connections', '16', '--duration', String(SECONDS)];
    const { acknowledged } = await runLoad(load);
    await backend.stop();
    const engine = await openEngine(backend.dataDir);
    const bytes: { [table: string]: number } = {};
    for (const table of ['otel_traces', 'otel_traces_trace_id_ts']) {
      await engine.command(`OPTIMIZE TABLE ${table} FINAL`);
      const [row] = await engine.query<{ rows: string; bytes: string }>(
        `SELECT sum(rows) AS rows, sum(bytes_on_disk) AS bytes FROM system.parts
         WHERE active AND database = currentDatabase() AND table = '${table}'`,
      );
      if (table === 'otel_traces' && Number(row?.rows) !== acknowledged.traces) {
        throw new Error(`${acknowledged.traces} spans acknowledged, ${row?.rows} in the table`);
      }
      bytes[table] = Number(row?.bytes) / acknowledged.traces;
    }
    await engine.close();
    const [spans = 0, lookup = 0] = Object.values(bytes);
    return {
      name: 'Disk: a span with 8 attributes, after merges',
      results: [
        {
          what: `bytes a span, ${acknowledged.traces.toLocaleString('en')} spans`,
          ours: `${(spans + lookup).toFixed(1)} bytes`,
          goal: '≤ 60 bytes',
        },
        { what: 'of these, the table of spans', ours: `${spans.toFixed(1)} bytes` },
        { what: 'of these, where a trace id lies in time', ours: `${lookup.toFixed(1)} bytes` },
      ],
    };
  } finally {
    await backend.close();
  }
}

/** The server's inner modules: not part of its entry point. */
async function openEngine(dataDir: string): Promise<Engine> {
  const path = new URL('../../packages/server/dist/store/', import.meta.url).href;
  const { EmbeddedEngine } = (await import(`${path}embedded-engine.js`)) as {
    EmbeddedEngine: { open(directory: unknown): Promise<Engine> };
  };
  const { openDataDirectory } = (await import(`${path}data-directory.js`)) as {
    openDataDirectory(root: string): unknown;
  };
  return EmbeddedEngine.open(openDataDirectory(dataDir));
}
