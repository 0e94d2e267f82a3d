import {
  decode,
  decodeJson,
  type ExportLogsServiceRequest,
  type ExportMetricsServiceRequest,
  type ExportTraceServiceRequest,
  type MessageName,
} from '@codomyrmex/otlp';
import { describe, expect, it } from 'vitest';

import type { LoadSignal } from './load-options.js';
import { LoadTemplate } from './load-template.js';

const NOW = 1_790_000_000_000;
const NAMES = {
  traces: 'ExportTraceServiceRequest',
  logs: 'ExportLogsServiceRequest',
  metrics: 'ExportMetricsServiceRequest',
} as const satisfies { [signal in LoadSignal]: MessageName };

interface Seen {
  readonly ids: string[];
  readonly times: bigint[];
  readonly users: string[];
}

/** Two requests of a template in a row, decoded. */
function requests(signal: LoadSignal, isJson: boolean): object[] {
  const template = new LoadTemplate(signal, 100, 'service', isJson);
  return [0, 1].map((turn) => {
    const bytes = new Uint8Array(template.next(NOW + turn));
    return isJson ? decodeJson(NAMES[signal], bytes) : decode(NAMES[signal], bytes);
  });
}

const hex = (id: Uint8Array | undefined): string => Buffer.from(id ?? []).toString('hex');

function userOf(attributes: readonly { key?: string; value?: unknown }[] | undefined): string {
  const found = attributes?.find(({ key }) => key === 'user.id')?.value;
  return (found as { stringValue?: string }).stringValue ?? '';
}

function seen(signal: LoadSignal, request: object): Seen {
  if (signal === 'traces') {
    const { resourceSpans } = request as ExportTraceServiceRequest;
    const spans = resourceSpans?.[0]?.scopeSpans?.[0]?.spans ?? [];
    return {
      ids: spans.map((span) => hex(span.traceId) + hex(span.spanId)),
      times: spans.map((span) => span.endTimeUnixNano ?? 0n),
      users: spans.map((span) => userOf(span.attributes)),
    };
  }
  if (signal === 'logs') {
    const { resourceLogs } = request as ExportLogsServiceRequest;
    const records = resourceLogs?.[0]?.scopeLogs?.[0]?.logRecords ?? [];
    return {
      ids: records.map((record) => hex(record.traceId) + hex(record.spanId)),
      times: records.map((record) => record.observedTimeUnixNano ?? 0n),
      users: records.map((record) => userOf(record.attributes)),
    };
  }
  const { resourceMetrics } = request as ExportMetricsServiceRequest;
  const data = resourceMetrics?.[0]?.scopeMetrics?.[0]?.metrics?.[0]?.gauge?.dataPoints ?? [];
  return {
    ids: data.map((point) => `${point.startTimeUnixNano}`),
    times: data.map((point) => point.timeUnixNano ?? 0n),
    users: data.map((point) => userOf(point.attributes)),
  };
}

describe.each(['traces', 'logs', 'metrics'] as const)('a request of %s', (signal) => {
  it.each([false, true])('has fresh ids, times and users each time (JSON: %s)', (isJson) => {
    const [first, second] = requests(signal, isJson).map((request) => seen(signal, request));
    const ids = [...(first?.ids ?? []), ...(second?.ids ?? [])];
    expect(new Set(ids).size).toBe(200);
    const times = first?.times ?? [];
    expect(times.length).toBe(100);
    expect(times.at(-1)).toBe(BigInt(NOW) * 1_000_000n);
    expect(new Set(times).size).toBe(100);
    const users = new Set([...(first?.users ?? []), ...(second?.users ?? [])]);
    expect(users.size).toBeGreaterThan(100);
    for (const user of users) expect(user).toMatch(/^user-[0-4]\d{3}$/);
  });
});

it.each([false, true])(
  'has traces of twenty spans, each a child of the last (JSON: %s)',
  (isJson) => {
    const [request] = requests('traces', isJson) as ExportTraceServiceRequest[];
    const spans = request?.resourceSpans?.[0]?.scopeSpans?.[0]?.spans ?? [];
    expect(new Set(spans.map((span) => hex(span.traceId))).size).toBe(5);
    for (const [index, span] of spans.entries()) {
      const parent = index % 20 === 0 ? '' : hex(spans[index - 1]?.spanId);
      expect(hex(span.parentSpanId)).toBe(parent);
      expect((span.endTimeUnixNano ?? 0n) >= (span.startTimeUnixNano ?? 0n)).toBe(true);
    }
  },
);
