import { randomFillSync } from 'node:crypto';

import { encode } from '@codomyrmex/otlp';

/** Bytes of a trace id that mark its place in the template; a span's index follows them. */
const MARK = Buffer.from('a55ac33cf00f9669', 'hex');

const ROUTES = ['/api/cart', '/api/checkout', '/api/items', '/api/search', '/api/users'];
const METHODS = ['GET', 'POST', 'PUT', 'DELETE'];

interface Place {
  readonly traceId: number;
  readonly spanId: number;
  readonly startTime: number;
  readonly endTime: number;
}

/**
 * A request of many spans whose ids and times are patched in place, so that every one sent is
 * distinct and making it costs next to nothing. 8 attributes a span, 20 spans a trace, about 5,000
 * distinct attribute values over the whole run.
 */
export class RequestTemplate {
  readonly bytes: Buffer;
  readonly spanCount: number;
  readonly #places: readonly Place[];
  readonly #noise = Buffer.alloc(16);
  #serial = 0;

  constructor(spanCount: number, service: string) {
    this.spanCount = spanCount;
    this.bytes = Buffer.from(requestOf(spanCount, service));
    this.#places = placesOf(this.bytes, spanCount);
  }

  /** Patches fresh ids and times in and returns the same buffer. */
  next(nowMillis: number): Buffer {
    randomFillSync(this.#noise);
    const { bytes } = this;
    const low = this.#noise.readUInt32LE(0);
    let nanos = BigInt(nowMillis) * 1_000_000n - BigInt(this.spanCount) * 1_000n;
    this.#serial += 1;
    for (const [index, { traceId, spanId, startTime, endTime }] of this.#places.entries()) {
      this.#noise.copy(bytes, traceId, 0, 8);
      bytes.writeUInt32BE(this.#serial, traceId + 8);
      bytes.writeUInt32BE(Math.floor(index / 20), traceId + 12);
      bytes.writeUInt32LE(low, spanId);
      bytes.writeUInt16BE(this.#serial & 0xffff, spanId + 4);
      bytes.writeUInt16BE(index, spanId + 6);
      bytes.writeBigUInt64LE(nanos, startTime);
      bytes.writeBigUInt64LE(nanos + 900n, endTime);
      nanos += 1_000n;
    }
    return bytes;
  }
}

function requestOf(spanCount: number, service: string): Uint8Array {
  const spans = Array.from({ length: spanCount }, (_, index) => {
    const traceId = Buffer.alloc(16);
    MARK.copy(traceId);
    traceId.writeUInt32BE(index, 12);
    return {
      traceId,
      spanId: Buffer.alloc(8, 1),
      name: `${METHODS[index % 4] ?? ''} ${ROUTES[index % 5] ?? ''}`,
      kind: (index % 5) + 1,
      startTimeUnixNano: 1n,
      endTimeUnixNano: 2n,
      attributes: [
        text('http.request.method', METHODS[index % 4] ?? ''),
        text('http.route', ROUTES[index % 5] ?? ''),
        text('url.path', `${ROUTES[index % 5] ?? ''}/${index}`),
        text('user.id', `user-${(index * 7919) % 5_000}`),
        text('server.address', `host-${index % 20}.internal`),
        { key: 'http.response.status_code', value: { intValue: 200n + BigInt(index % 5) * 100n } },
        { key: 'app.retry', value: { boolValue: index % 7 === 0 } },
        { key: 'app.score', value: { doubleValue: (index % 100) / 7 } },
      ],
      status: index % 20 === 0 ? { code: 2, message: 'upstream timed out' } : {},
    };
  });
  const resource = {
    attributes: [text('service.name', service), text('service.version', '1.2.3')],
  };
  const scopeSpans = [{ scope: { name: 'bench', version: '1' }, spans }];
  return encode('ExportTraceServiceRequest', { resourceSpans: [{ resource, scopeSpans }] });
}

function text(key: string, stringValue: string): { key: string; value: { stringValue: string } } {
  return { key, value: { stringValue } };
}

/** Where each span's ids and times lie: fields 1, 2, 7 and 8, in this order after the mark. */
function placesOf(bytes: Buffer, spanCount: number): readonly Place[] {
  const places: Place[] = [];
  let at = bytes.indexOf(MARK);
  while (at !== -1) {
    const spanId = bytes.indexOf(Buffer.alloc(8, 1), at + 16);
    // Tags of fixed64 fields 7 and 8.
    const startTime = bytes.indexOf(Buffer.of(0x39, 1, 0, 0, 0, 0, 0, 0, 0), spanId + 8) + 1;
    const endTime = bytes.indexOf(Buffer.of(0x41, 2, 0, 0, 0, 0, 0, 0, 0), startTime + 8) + 1;
    places.push({ traceId: at, spanId, startTime, endTime });
    at = bytes.indexOf(MARK, endTime);
  }
  if (places.length !== spanCount) throw new Error('the template lost a span');
  return places;
}
