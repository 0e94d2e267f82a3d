import type { AttributeValue } from '@codomyrmex/telemetry-query';
import { durationOf, type Quantity } from './time.js';

/** A whole count in a narrow column: `960`, `9.1k`, `412k`, `1.2M`. */
export function countText(count: number): string {
  if (!Number.isFinite(count)) return '–';
  const size = Math.abs(count);
  if (size < 1000) return String(Math.round(count));
  if (size < 9950) return `${(count / 1e3).toFixed(1)}k`;
  if (size < 999_500) return `${(count / 1e3).toFixed(0)}k`;
  if (size < 9.95e6) return `${(count / 1e6).toFixed(1)}M`;
  if (size < 999.5e6) return `${(count / 1e6).toFixed(0)}M`;
  return `${(count / 1e9).toFixed(1)}G`;
}

/** A whole count with thousands separators: `9,174`. */
export function groupedText(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** Bytes in decimal units: `96 MB`. */
export function bytesText(bytes: number): string {
  const { value, unit } = bytesOf(bytes);
  return `${value} ${unit}`;
}

function bytesOf(bytes: number): Quantity {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = Math.abs(bytes);
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return { value: threeDigits(bytes < 0 ? -value : value), unit: units[unit] ?? 'B' };
}

/** 0…1 as per cent: `2.31`, `0`, `100`. */
export function percentOf(ratio: number): string {
  if (!Number.isFinite(ratio)) return '–';
  const percent = ratio * 100;
  const size = Math.abs(percent);
  return String(Number(percent.toFixed(size >= 10 ? 1 : 2)));
}

/** Three significant digits without trailing zeros; above 9,999 shortened by k, M, G. */
export function threeDigits(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 10_000) return countText(value);
  if (size >= 100) return value.toFixed(0);
  if (size < 0.001) return value.toExponential(1);
  return String(Number(value.toPrecision(3)));
}

/** Nanoseconds in one of a time unit as UCUM writes them. */
const TIME_UNITS: ReadonlyMap<string, number> = new Map([
  ['ns', 1],
  ['us', 1e3],
  ['µs', 1e3],
  ['ms', 1e6],
  ['s', 1e9],
  ['min', 60e9],
  ['h', 3600e9],
  ['d', 86_400e9],
]);

/**
 * A metric's value with its UCUM unit as a person reads it: durations and bytes change to the unit
 * that fits, `1` and annotations (`{request}`) disappear, `%` stays.
 */
export function metricValueOf(
  value: number | undefined,
  unit: string,
  perSecond = false,
): Quantity {
  if (value === undefined || !Number.isFinite(value)) return { value: '–', unit: '' };
  const rate = perSecond ? '/s' : '';
  const nanos = TIME_UNITS.get(unit);
  if (nanos !== undefined && !perSecond) return durationOf(value * nanos);
  if (unit === 'By') {
    const bytes = bytesOf(value);
    return { value: bytes.value, unit: bytes.unit + rate };
  }
  const shown = unit === '1' ? '' : unit.replace(/\{[^}]*\}/g, '');
  return { value: threeDigits(value), unit: shown + rate };
}

/** `metricValueOf` as one text. */
export function metricValueText(
  value: number | undefined,
  unit: string,
  perSecond = false,
): string {
  const quantity = metricValueOf(value, unit, perSecond);
  return quantity.unit === '' ? quantity.value : `${quantity.value} ${quantity.unit}`;
}

/** An attribute's value as text: scalars as themselves, arrays and maps as JSON. */
export function attributeText(value: AttributeValue | undefined): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value !== 'object') return String(value);
  if ('$int' in value && typeof value.$int === 'string') return value.$int;
  if ('$double' in value && typeof value.$double === 'string') return value.$double;
  if ('$bytes' in value && typeof value.$bytes === 'string') return value.$bytes;
  return JSON.stringify(plainValue(value));
}

/** An attribute's value without the wrappers that keep its OTLP type: to read, not to compute. */
export function plainValue(value: AttributeValue | undefined): unknown {
  if (value === undefined || value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item: AttributeValue) => plainValue(item));
  const map = value as { readonly [key: string]: AttributeValue };
  const keys = Object.keys(map);
  if (keys.length === 1) {
    const only = map[keys[0] ?? ''];
    if (keys[0] === '$int' || keys[0] === '$double' || keys[0] === '$bytes') return only;
    if (keys[0] === '$map') return plainMap(only as { readonly [key: string]: AttributeValue });
  }
  return plainMap(map);
}

function plainMap(map: { readonly [key: string]: AttributeValue }): { [key: string]: unknown } {
  const plain: { [key: string]: unknown } = {};
  for (const key of Object.keys(map)) plain[key] = plainValue(map[key]);
  return plain;
}
