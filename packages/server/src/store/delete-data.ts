import { setTimeout as delay } from 'node:timers/promises';

import { DELETE_LIMITS } from '../limits.js';
import { type Engine, EngineError } from './engine.js';
import { LOOKUP_TABLE, quoteName, TABLE_NAMES } from './tables.js';
import { lookupOf } from './trace-lookup.js';

const TIMEOUT_EXCEEDED = 159;

type Deleting = Pick<Engine, 'command' | 'query'>;

/**
 * Deletes every record of every signal; views stay. A request that was stored within the last
 * 10 minutes adds nothing when it is sent again, so what was deleted does not come back by a retry.
 * Throws EngineError.
 */
export async function deleteAll(engine: Deleting): Promise<void> {
  for (const table of [...TABLE_NAMES, LOOKUP_TABLE]) {
    await engine.command(`TRUNCATE TABLE ${quoteName(table)}`);
  }
}

/**
 * Deletes every record of one service that is there now, and resolves when no reader sees one.
 * Traces that no other service has a span of go from the lookup too: before their spans, or nobody
 * would know which they were. A process that dies in between has to be asked again.
 * Throws EngineError; 159 when the engine has not done it within 5 minutes (it goes on).
 */
export async function deleteService(engine: Deleting, service: string): Promise<void> {
  // Hexadecimal: a name cannot end the literal, whatever it holds.
  const name = `unhex('${Buffer.from(service).toString('hex')}')`;
  await lookupOf(engine)?.flush();
  // Not waited for in the statement: it would hold the session that stops queries.
  await engine.command(`ALTER TABLE ${LOOKUP_TABLE} DELETE WHERE ${onlyOf(name)}`);
  await mutationsDone(engine);
  for (const table of TABLE_NAMES) {
    await engine.command(`ALTER TABLE ${quoteName(table)} DELETE WHERE ServiceName = ${name}`);
  }
  await mutationsDone(engine);
}

/** The condition that all spans of a trace are of the service. */
function onlyOf(name: string): string {
  const own = `SELECT TraceId FROM otel_traces WHERE ServiceName = ${name}`;
  return `TraceId IN (${own}) AND TraceId NOT IN (
    SELECT TraceId FROM otel_traces WHERE ServiceName != ${name} AND TraceId IN (${own}))`;
}

async function mutationsDone(engine: Deleting): Promise<void> {
  const began = performance.now();
  for (;;) {
    const [row] = await engine.query<{ left: string; reason: string }>(
      `SELECT count() AS left, any(latest_fail_reason) AS reason FROM system.mutations
       WHERE database = currentDatabase() AND NOT is_done AND NOT is_killed`,
    );
    if (Number(row?.left ?? 0) === 0) return;
    if (performance.now() - began > DELETE_LIMITS.timeoutMillis) {
      const reason = row?.reason ?? '';
      throw new EngineError(TIMEOUT_EXCEEDED, `the records are not deleted yet: ${reason}`);
    }
    await delay(DELETE_LIMITS.pollMillis);
  }
}
