import type { AttributeValue } from '@codomyrmex/telemetry-query';

/** Sets an own property, also for the key `__proto__`, which assignment would swallow. */
export function setKey(
  target: Record<string, AttributeValue>,
  key: string,
  value: AttributeValue,
): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  } else {
    target[key] = value;
  }
}

/** An integer's decimal text: a number while doubles are exact, `$int` beyond 2^53. */
export function readInteger(text: string): AttributeValue {
  if (!/^-?\d+$/.test(text)) return text;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : { $int: text };
}

const NON_FINITE: { readonly [text: string]: string } = {
  nan: 'NaN',
  inf: 'Infinity',
  '+inf': 'Infinity',
  '-inf': '-Infinity',
  infinity: 'Infinity',
  '+infinity': 'Infinity',
  '-infinity': '-Infinity',
};

/** A double's text: `$double` where JSON's number would read as an integer, or cannot say it. */
export function readDouble(text: string): AttributeValue {
  const special = NON_FINITE[text.toLowerCase()];
  if (special !== undefined) return { $double: special };
  const number = Number(text);
  if (text.trim() === '' || Number.isNaN(number)) return text;
  return doubleValue(number);
}

/** A double as the API writes it. */
export function doubleValue(number: number): number | { readonly $double: string } {
  if (Object.is(number, -0)) return { $double: '-0' };
  return Number.isFinite(number) && !Number.isInteger(number)
    ? number
    : { $double: String(number) };
}
