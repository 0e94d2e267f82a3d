import type { Resource, Scope } from '@codomyrmex/telemetry-query';

import { readAttributes } from './attribute-value.js';

/** The resource part of every record's row. */
export interface ResourceRow {
  readonly resourceKeys: readonly string[];
  readonly resourceValues: readonly string[];
  readonly resourceTypes: readonly number[];
  readonly resourceSchemaUrl: string;
  readonly resourceDropped: number;
}

/** The instrumentation scope part of every record's row. */
export interface ScopeRow {
  readonly scopeName: string;
  readonly scopeVersion: string;
  readonly scopeKeys: readonly string[];
  readonly scopeValues: readonly string[];
  readonly scopeTypes: readonly number[];
  readonly scopeSchemaUrl: string;
  readonly scopeDropped: number;
}

/** An attribute map and its types under three names. */
export function mapColumns(
  map: string,
  types: string,
  keysName: string,
  valuesName: string,
  typesName: string,
): string {
  return [
    `mapKeys(${map}) AS ${keysName}`,
    `mapValues(${map}) AS ${valuesName}`,
    `${types} AS ${typesName}`,
  ].join(', ');
}

/** Selects a ResourceRow. */
export function resourceColumns(): string {
  return [
    mapColumns(
      'ResourceAttributes',
      'ResourceAttributeTypes',
      'resourceKeys',
      'resourceValues',
      'resourceTypes',
    ),
    'ResourceSchemaUrl AS resourceSchemaUrl',
    'ResourceDroppedAttributesCount AS resourceDropped',
  ].join(', ');
}

/** Selects a ScopeRow; the column of the dropped count is named differently for points. */
export function scopeColumns(droppedColumn: string): string {
  return [
    'ScopeName AS scopeName',
    'ScopeVersion AS scopeVersion',
    mapColumns('ScopeAttributes', 'ScopeAttributeTypes', 'scopeKeys', 'scopeValues', 'scopeTypes'),
    'ScopeSchemaUrl AS scopeSchemaUrl',
    `${droppedColumn} AS scopeDropped`,
  ].join(', ');
}

/** The row's resource. */
export function resourceOf(row: ResourceRow): Resource {
  return {
    attributes: readAttributes(row.resourceKeys, row.resourceValues, row.resourceTypes),
    schemaUrl: row.resourceSchemaUrl,
    droppedAttributesCount: row.resourceDropped,
  };
}

/** The row's instrumentation scope. */
export function scopeOf(row: ScopeRow): Scope {
  return {
    name: row.scopeName,
    version: row.scopeVersion,
    attributes: readAttributes(row.scopeKeys, row.scopeValues, row.scopeTypes),
    schemaUrl: row.scopeSchemaUrl,
    droppedAttributesCount: row.scopeDropped,
  };
}
