/**
 * The walk that all three signals share: a request holds resources, a resource scopes, a scope
 * records (spans, log records, metrics); field 1 of a request, 2 of the others is the list.
 */
import type { Outcome } from './outcome.js';
import type { ResourceColumns, ScopeColumns } from './origin.js';
import { resourceColumns, scopeColumns } from './origin.js';
import type { Frame, Input } from './scan.js';
import { scan } from './scan.js';

/** What the records of one scope share. */
export interface SharedBlocks {
  /** Bytes of the columns that were made for it. */
  readonly size: number;
  /** Why none of its records can be stored; empty when they can. */
  readonly fault: string;
}

/** How a signal is read. */
export interface SignalReader<Blocks extends SharedBlocks> {
  readonly request: Frame;
  readonly resource: Frame;
  readonly scope: Frame;
  blocksOf(resource: ResourceColumns, scope: ScopeColumns): Blocks;
  /** Reads the record in [start, end) of the input. */
  readRecord(input: Input, start: number, end: number, blocks: Blocks, outcome: Outcome): void;
}

/** Reads every record of a request. Throws OtlpError. */
export function readRecords<Blocks extends SharedBlocks>(
  input: Input,
  reader: SignalReader<Blocks>,
  outcome: Outcome,
): void {
  scan(input, reader.request, 0, input.bytes.length);
  const resources = reader.request.list(1);
  for (let index = 0; index < resources.count; index++) {
    scan(input, reader.resource, resources.starts[index]!, resources.ends[index]!);
    const scopes = reader.resource.list(2);
    let resource: ResourceColumns | undefined;
    for (let inner = 0; inner < scopes.count; inner++) {
      const start = scopes.starts[inner]!;
      scan(input, reader.scope, start, scopes.ends[inner]!);
      const records = reader.scope.list(2);
      if (records.count === 0) {
        continue;
      }
      outcome.beginScope(start);
      outcome.beginRecords(records.count, start);
      resource ??= resourceColumns(input, reader.resource);
      const blocks = reader.blocksOf(resource, scopeColumns(input, reader.scope));
      outcome.addSize(blocks.size, start);
      for (let at = 0; at < records.count; at++) {
        reader.readRecord(input, records.starts[at]!, records.ends[at]!, blocks, outcome);
      }
    }
  }
}
