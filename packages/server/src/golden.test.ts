import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { StatusAnswer, TraceAnswer } from '@codomyrmex/telemetry-query';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  everything,
  goldenNames,
  goldenText,
  openGolden,
  sendGolden,
  unpackGolden,
} from './fixtures/golden-directory.js';
import { SCHEMA_VERSION } from './store/migrations.js';

const root = mkdtempSync(join(tmpdir(), 'codomyrmex-golden-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function ask<Answer>(url: string): Promise<Answer> {
  const answer = await fetch(url);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Answer;
}

it('there is one of every schema', () => {
  // A new schema: node packages/server/dist/fixtures/golden-directory.js schema-N, and keep it.
  const versions = Array.from({ length: SCHEMA_VERSION }, (_, index) => `schema-${index + 1}`);
  expect(goldenNames()).toEqual(versions);
});

describe.each(goldenNames())('the directory of %s', (name) => {
  const folder = join(root, name);

  beforeAll(() => unpackGolden(name, folder));

  it('opens and says what it said, each record once, also after the next start', async () => {
    const lines = goldenText(name).split('\n');
    for (let start = 0; start < 2; start += 1) {
      const server = await openGolden(folder);
      try {
        expect((await everything(server)).split('\n')).toEqual(lines);
        const traceId = 'a1'.repeat(16);
        const trace = await ask<TraceAnswer>(`${server.url}/api/v1/traces/${traceId}`);
        expect(trace.spans).toHaveLength(12);
        const status = await ask<StatusAnswer>(`${server.url}/api/v1/status`);
        expect(status.damage).toEqual([]);
      } finally {
        await server.close();
      }
    }
  });

  it('takes new records beside the old ones', async () => {
    const server = await openGolden(folder);
    try {
      const old = goldenText(name).trim().split('\n');
      for (let time = 0; time < 2; time += 1) {
        await sendGolden(server, 'newcomer');
        const all = (await everything(server)).trim().split('\n');
        const added = all.filter((line) => line.includes('newcomer'));
        expect(all.filter((line) => !line.includes('newcomer'))).toEqual(old);
        const asOld = added.map((line) => line.replaceAll('newcomer', 'golden')).toSorted();
        expect(asOld).toEqual(old.filter((line) => line.includes('"service":"golden"')));
      }
      // In tables with a partition a day, the engine would refuse this.
      const times = Array.from({ length: 200 }, (_, day) => `${day}000000000000000`);
      const logRecords = times.map((timeUnixNano) => ({ timeUnixNano }));
      const body = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${server.url}/v1/logs`, { method: 'POST', headers, body });
      expect([answer.status, await answer.text()]).toEqual([200, '{}']);
    } finally {
      await server.close();
    }
  });
});
