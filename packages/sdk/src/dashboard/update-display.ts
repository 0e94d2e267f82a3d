import type { DisplayAnswer } from '@codomyrmex/telemetry-query';

import { report } from '../common/diagnostics.js';
import { telemetry } from '../export/telemetry.js';
import type { Telemetry } from '../export/telemetry.js';
import { askBackend } from './backend-requests.js';
import { UPDATE_DISPLAY_MILLIS } from './limits.js';

/** What {@link updateDisplay} brought about. */
export interface DisplayUpdate {
  /**
   * Records that the backend has taken since the previous call, or since the start. A span that was
   * shown while it ran counts for that too.
   */
  readonly spans: number;
  readonly points: number;
  readonly logs: number;
  /** Until every open page had it; undefined without an open page, or without our backend. */
  readonly shownMillis: number | undefined;
}

const told = new WeakMap<Telemetry, { spans: number; points: number; logs: number }>();

/**
 * Sends everything recorded so far and resolves when the backend has stored it and told every open
 * page. Without a backend: zeros, and one diagnostic. Never rejects, never takes over 5 s.
 */
export async function updateDisplay(): Promise<DisplayUpdate> {
  const started = telemetry();
  const deadline = performance.now() + UPDATE_DISPLAY_MILLIS;
  await started.forceFlush();
  const { sent } = started.exporter.stats();
  const before = told.get(started) ?? { spans: 0, points: 0, logs: 0 };
  const after = { spans: sent.traces, points: sent.metrics, logs: sent.logs };
  told.set(started, after);
  const shownMillis = await announce(started, deadline - performance.now());
  return {
    spans: after.spans - before.spans,
    points: after.points - before.points,
    logs: after.logs - before.logs,
    shownMillis,
  };
}

async function announce(started: Telemetry, timeoutMillis: number): Promise<number | undefined> {
  try {
    const answer = (await askBackend(started, {
      method: 'POST',
      path: '/display',
      body: {},
      timeoutMillis: Math.max(1, Math.floor(timeoutMillis)),
      keepsAlive: true,
    })) as DisplayAnswer | undefined;
    return answer?.shownMillis;
  } catch (error: unknown) {
    report('warn', `the display was not updated: ${String(error)}`);
    return undefined;
  }
}
