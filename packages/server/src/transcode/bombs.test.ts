import { encode, jsonToProtobuf, tagOf } from '@codomyrmex/otlp';
import { describe, expect, test } from 'vitest';
import { wrapped } from './fixtures/wrapped.js';
import { transcodeLogs, transcodeMetrics, transcodeTraces } from './transcode.js';

const INGEST = 1_790_000_000_000_000_000n;

describe('bombs', () => {
  const tooLarge = (what: string): Error =>
    expect.objectContaining({ code: 'too_large', message: expect.stringContaining(what) }) as Error;

  /** An empty message, many times: two bytes each. */
  function empties(fieldNumber: number, count: number): Uint8Array {
    return new Uint8Array(count * 2).map((_, index) =>
      index % 2 === 0 ? tagOf(fieldNumber, 2) : 0,
    );
  }

  test('half a million empty spans are counted; a million are too many', () => {
    const result = transcodeTraces(wrapped([2, 1], empties(2, 500_000)), INGEST);
    expect([result.acceptedCount, result.rejectedCount]).toEqual([0, 500_000]);
    const million = wrapped([2, 1], empties(2, 1_000_000));
    expect(() => transcodeTraces(million, INGEST)).toThrow(tooLarge('elements in a list'));
    const scope = wrapped([2, 1], empties(2, 400_000));
    const many = new Uint8Array([...scope, ...scope, ...scope]);
    expect(() => transcodeTraces(many, INGEST)).toThrow(tooLarge('records'));
  });

  test('scopes with one empty record each, under one resource or under many', () => {
    const scope = wrapped([2], empties(2, 1));
    const resource = wrapped([1], scope);
    const many = new Uint8Array(40_000 * resource.length);
    const scopes = new Uint8Array(40_000 * scope.length);
    for (let index = 0; index < 40_000; index++) {
      many.set(resource, index * resource.length);
      scopes.set(scope, index * scope.length);
    }
    expect(() => transcodeLogs(many, INGEST)).toThrow(tooLarge('scopes'));
    expect(() => transcodeTraces(wrapped([1], scopes), INGEST)).toThrow(tooLarge('scopes'));
    expect(() => transcodeMetrics(many, INGEST)).toThrow(tooLarge('scopes'));
    const nothing = transcodeMetrics(wrapped([2, 1], empties(2, 500_000)), INGEST);
    expect([nothing.acceptedCount, nothing.rejectedCount]).toEqual([0, 0]);
  });

  test('a big resource under many tiny records, or over many tiny scopes', () => {
    const resource = encode('Resource', {
      attributes: [{ key: 'big', value: { stringValue: 'x'.repeat(100_000) } }],
    });
    const parts = new Uint8Array([...wrapped([1], resource), ...wrapped([2], empties(2, 2_000))]);
    expect(() => transcodeLogs(wrapped([1], parts), INGEST)).toThrow(tooLarge('128 MiB of rows'));
    const scope = [...wrapped([2], empties(2, 1))];
    const scopes = Array.from({ length: 2_000 }, () => scope).flat();
    const body = wrapped([1], new Uint8Array([...wrapped([1], resource), ...scopes]));
    expect(() => transcodeTraces(body, INGEST)).toThrow(tooLarge('128 MiB of rows'));
    const small = wrapped([2, 1], empties(2, 1));
    expect(transcodeLogs(small, INGEST).acceptedCount).toBe(1);
  });

  test('a large request in pieces is not decoded to objects', () => {
    const piece = wrapped([1], encode('Resource', { droppedAttributesCount: 1 }));
    const rest = wrapped([2], empties(2, 500_000));
    const pieces = new Uint8Array([...piece, ...piece, ...rest, ...rest]);
    expect(() => transcodeLogs(wrapped([1], pieces), INGEST)).toThrow(tooLarge('write each field'));
  });

  test('JSON that claims nothing makes nothing', () => {
    expect(jsonToProtobuf('ExportTraceServiceRequest', Buffer.from('{}'))).toHaveLength(0);
  });
});
