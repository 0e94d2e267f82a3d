import type { CompareNode, ExistsNode, QueryValue } from '@codomyrmex/telemetry-query';

import type { Bindings } from './bindings.js';
import { compareText } from './compare-sql.js';

/** The map columns of a record. */
export interface AttributeMaps {
  readonly own: string;
  readonly resource: string;
}

const RESOURCE_PREFIX = 'resource.';

/**
 * The expressions of one attribute: the record's own map first, then the resource's;
 * `resource.` forces the latter.
 */
export interface AttributeExpressions {
  readonly value: string;
  readonly exists: string;
}

/** Value ('' when absent) and presence of the attribute `key`. */
export function attributeExpressions(
  key: string,
  maps: AttributeMaps,
  bindings: Bindings,
): AttributeExpressions {
  if (key.startsWith(RESOURCE_PREFIX) && key.length > RESOURCE_PREFIX.length) {
    const name = bindings.text(key.slice(RESOURCE_PREFIX.length));
    return { value: `${maps.resource}[${name}]`, exists: `mapContains(${maps.resource}, ${name})` };
  }
  const name = bindings.text(key);
  const owned = `mapContains(${maps.own}, ${name})`;
  return {
    value: `if(${owned}, ${maps.own}[${name}], ${maps.resource}[${name}])`,
    exists: `(${owned} OR mapContains(${maps.resource}, ${name}))`,
  };
}

/** The condition of a comparison (`=`, `~` or an order) or existence of an attribute. */
export function attributeSql(
  node: CompareNode | ExistsNode,
  maps: AttributeMaps,
  bindings: Bindings,
): string {
  const { value, exists } = attributeExpressions(node.key, maps, bindings);
  if (node.type === 'exists') return exists;
  if (node.operator === '~') {
    return `${exists} AND ${compareText(value, '~', node.value.text, bindings)}`;
  }
  const number = numberOf(node.value);
  if (node.operator === '=') {
    const same = compareText(value, '=', node.value.text, bindings);
    const equal =
      number === undefined || isPlainInteger(node.value.text)
        ? same
        : `${same} OR ${compareNumber(value, '=', number, bindings)}`;
    // An absent attribute reads as ''.
    return node.value.text === '' ? `${exists} AND ${equal}` : equal;
  }
  const ordered =
    number === undefined
      ? compareText(value, node.operator, node.value.text, bindings)
      : compareNumber(value, node.operator, number, bindings);
  return `${exists} AND ${ordered}`;
}

/** Text that is not a number compares as neither smaller, equal nor greater. */
function compareNumber(
  expression: string,
  operator: string,
  number: number,
  bindings: Bindings,
): string {
  const bound = bindings.bind('Float64', number);
  return `ifNull(toFloat64OrNull(${expression}) ${operator} ${bound}, 0)`;
}

/** A duration is compared in seconds, the unit of OpenTelemetry's semantic conventions. */
function numberOf(value: QueryValue): number | undefined {
  if (value.kind === 'number') return value.number;
  return value.kind === 'duration' ? Number(value.nanos) / 1e9 : undefined;
}

/** Stored integers read the same, so text equality is enough (and an index can answer it). */
function isPlainInteger(text: string): boolean {
  return /^-?[1-9]\d*$|^0$/.test(text);
}
