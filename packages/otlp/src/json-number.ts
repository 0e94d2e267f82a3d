/** Longest run of digits that a 64-bit integer can have before its exponent is applied. */
const LONGEST_INTEGER = 20;

const PARTS = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/**
 * The integer that a JSON number's text stands for, exactly; undefined when it is no integer or
 * has more than 20 digits. `1.50e2` is 150, `1e400` is not read.
 */
export function integerOf(text: string): bigint | undefined {
  if (/^-?\d{1,20}$/.test(text)) {
    return BigInt(text);
  }
  const match = PARTS.exec(text);
  if (match === null) {
    return undefined;
  }
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const digits = (whole + fraction).replace(/^0+(?=\d)/, '');
  const trimmed = digits.replace(/0+$/, '');
  if (trimmed === '') {
    return 0n;
  }
  const power = Number(exponent) - fraction.length + digits.length - trimmed.length;
  if (power < 0 || trimmed.length + power > LONGEST_INTEGER) {
    return undefined;
  }
  return BigInt(`${sign}${trimmed}${'0'.repeat(power)}`);
}

/** The double that a JSON number's text stands for; undefined when it is none or overflows. */
export function doubleOf(text: string): number | undefined {
  switch (text) {
    case 'NaN':
      return Number.NaN;
    case 'Infinity':
      return Infinity;
    case '-Infinity':
      return -Infinity;
    default: {
      if (!PARTS.test(text)) {
        return undefined;
      }
      const value = Number(text);
      return Number.isFinite(value) ? value : undefined;
    }
  }
}
