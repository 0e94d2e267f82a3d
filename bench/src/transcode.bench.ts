import { createRequire } from 'node:module';

import { encode, encodeJson } from '@codomyrmex/otlp';
import type { ExportTraceServiceRequest, KeyValue, Span } from '@codomyrmex/otlp';

import type { BenchResult, BenchRow } from './main.js';

const SPANS = 1_000;
const BODIES = 8;
const ROUNDS = 15;
const REPEATS = 16;
const INGEST_TIME = 1_790_000_000_000_000_000n;

interface Transcoder {
  transcodeTraces(body: Uint8Array, ingestTime: bigint): { readonly acceptedCount: number };
  transcodeJson(
    signal: 'traces',
    body: Uint8Array,
    ingestTime: bigint,
  ): { readonly acceptedCount: number };
}

interface PeerCodec {
  decode(body: Uint8Array): { readonly resourceSpans: readonly unknown[] };
}

/**
 * One thread, 1,000-span requests with 8 attributes a span, every id and time distinct. The peer
 * is protobufjs's generated decoder, which stops at objects, where ours ends with rows. (It comes
 * from otlp-transformer 0.203, the last that carries it.)
 */
export async function run(): Promise<BenchResult> {
  const { transcodeTraces, transcodeJson } = await loadTranscoder();
  const peer = loadPeer();
  const requests = Array.from({ length: BODIES }, (_, index) => request(index));
  const bodies = requests.map((item) => encode('ExportTraceServiceRequest', item));
  const jsons = requests.map((item) => Buffer.from(encodeJson('ExportTraceServiceRequest', item)));
  const times = measure({
    ours: (index) => transcodeTraces(at(bodies, index), INGEST_TIME).acceptedCount,
    json: (index) => transcodeJson('traces', at(jsons, index), INGEST_TIME).acceptedCount,
    peer: (index) => peer.decode(at(bodies, index)).resourceSpans.length * SPANS,
    peerJson: (index) => countSpans(JSON.parse(at(jsons, index).toString()) as Requestish),
  });
  const size = at(bodies, 0).length;
  return {
    name: 'Transcoding: OTLP request → RowBinary rows, one thread',
    results: [
      row('protobuf, 1,000 spans × 8 attributes', times['ours'], times['peer'], {
        peerName: 'protobufjs, decode only',
        goal: '≥ 800,000 spans/s',
      }),
      {
        what: 'protobuf, bytes of OTLP',
        ours: `${(size / times['ours']! / 1_000).toFixed(0)} MB/s`,
        goal: '≥ 300 MB/s',
      },
      row('JSON, the same request', times['json'], times['peerJson'], {
        peerName: 'JSON.parse only',
      }),
    ],
  };
}

/** The server's inner module: not part of its entry point. */
async function loadTranscoder(): Promise<Transcoder> {
  const path = '../../packages/server/dist/transcode/transcode.js';
  return (await import(new URL(path, import.meta.url).href)) as Transcoder;
}

function loadPeer(): PeerCodec {
  const require = createRequire(new URL('../../packages/otlp/package.json', import.meta.url));
  const entry = require.resolve('@opentelemetry/otlp-transformer');
  const root = require(entry.replace(/index\.js$/, 'generated/root.js')) as {
    readonly opentelemetry: {
      readonly proto: {
        readonly collector: {
          readonly trace: { readonly v1: { readonly ExportTraceServiceRequest: PeerCodec } };
        };
      };
    };
  };
  return root.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
}

interface Requestish {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { spans: unknown[] }[] }[];
}

function countSpans(parsed: Requestish): number {
  return parsed.resourceSpans[0]?.scopeSpans[0]?.spans.length ?? 0;
}

function at<T>(items: readonly T[], index: number): T {
  return items[index % items.length] as T;
}

/** Median milliseconds a request by subject; the subjects take turns, so noise hits all alike. */
function measure(subjects: { readonly [name: string]: (index: number) => number }): {
  readonly [name: string]: number;
} {
  const times: { [name: string]: number[] } = {};
  for (let round = -2; round < ROUNDS; round++) {
    for (const [name, subject] of Object.entries(subjects)) {
      const began = performance.now();
      for (let repeat = 0; repeat < REPEATS; repeat++) {
        if (subject(repeat) !== SPANS) {
          throw new Error(`${name} did not give ${SPANS} spans`);
        }
      }
      if (round >= 0) {
        (times[name] ??= []).push((performance.now() - began) / REPEATS);
      }
    }
  }
  return Object.fromEntries(
    Object.entries(times).map(([name, list]) => [
      name,
      list.toSorted((a, b) => a - b)[list.length >> 1] as number,
    ]),
  );
}

function row(
  what: string,
  ours: number | undefined,
  peer: number | undefined,
  rest: Pick<BenchRow, 'peerName' | 'goal'>,
): BenchRow {
  const [our, their] = [ours ?? Number.NaN, peer ?? Number.NaN];
  return { what, ours: rate(our), peer: rate(their), ratio: our / their, ...rest };
}

function rate(millis: number): string {
  const perSecond = Math.round(SPANS / millis) * 1_000;
  return `${perSecond.toLocaleString('en-US')} spans/s`;
}

function request(seed: number): ExportTraceServiceRequest {
  const spans = Array.from({ length: SPANS }, (_, index) => span(seed * SPANS + index));
  const resource = {
    attributes: [
      text('service.name', 'shop-gateway'),
      text('service.instance.id', '627cc493-f310-47de-96bd-71410b7dec09'),
      text('telemetry.sdk.name', 'opentelemetry'),
      text('telemetry.sdk.language', 'nodejs'),
      text('host.name', 'box-1'),
    ],
  };
  const scope = { name: '@shop/http', version: '1.2.3' };
  return { resourceSpans: [{ resource, scopeSpans: [{ scope, spans }] }] };
}

function span(seed: number): Span {
  const start = 1_789_000_000_000_000_000n + BigInt(seed) * 1_000_003n;
  return {
    traceId: id(seed >> 4, 16),
    spanId: id(seed, 8),
    parentSpanId: id(seed + 1, 8),
    name: 'GET /api/items/:id',
    kind: 2,
    startTimeUnixNano: start,
    endTimeUnixNano: start + BigInt(seed % 977) * 10_007n,
    attributes: [
      text('http.request.method', 'GET'),
      text('http.route', '/api/items/:id'),
      text('url.path', `/api/items/${seed}`),
      { key: 'http.response.status_code', value: { intValue: 200n } },
      text('server.address', 'shop.example.com'),
      text('user.id', `user-${seed % 5_000}`),
      { key: 'cache.hit', value: { boolValue: seed % 2 === 0 } },
      { key: 'queue.wait_ratio', value: { doubleValue: seed / 7 } },
    ],
    status: {},
    flags: 0x101,
  };
}

/** A well-mixed id: neither zero nor compressible to a pattern. */
function id(seed: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = Math.imul(seed + 1, 0x9e37_79b1) | 1;
  for (let index = 0; index < size; index++) {
    state = Math.imul(state ^ (state >>> 13), 0x5bd1_e995);
    bytes[index] = state >>> 24;
  }
  bytes[0] = 1;
  return bytes;
}

function text(key: string, stringValue: string): KeyValue {
  return { key, value: { stringValue } };
}
