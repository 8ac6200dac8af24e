import { significant } from './decimal.ts';

/** Text of a number as `tostring` and `..` give it. */
export type NumberText = (value: number) => string;

/**
 * C's `%.14g`, which is how PUC Lua 5.1 writes numbers. NaN is `-nan`, the sign that x86 gives to the NaN it makes
 * (0/0, inf - inf, sqrt(-1)); JavaScript can't tell NaNs apart.
 */
export function pucNumberText(value: number): string {
  if (value === Math.floor(value)) {
    if (value < 1e14 && value > -1e14) return value === 0 && 1 / value < 0 ? '-0' : String(value);
    if (value === Number.POSITIVE_INFINITY) return 'inf';
    if (value === Number.NEGATIVE_INFINITY) return '-inf';
  } else if (Number.isNaN(value)) {
    return '-nan';
  } else {
    const text = String(value);
    const size = Math.abs(value);
    // Shortest text of at most 14 digits, where neither C nor JavaScript uses an exponent: the same in both.
    if (size >= 1e-4 && size < 1e14 && text.length <= 15) return text;
  }
  return general(value, 14);
}

/** gopher-lua's text: an int64 where the value is whole and fits, else Go's shortest `%g` form. */
export function gopherNumberText(value: number): string {
  if (value === Math.floor(value)) {
    if (Number.isSafeInteger(value)) return String(value === 0 ? 0 : value);
    if (value === Number.POSITIVE_INFINITY) return '+Inf';
    if (value === Number.NEGATIVE_INFINITY) return '-Inf';
    if (value >= -(2 ** 63) && value < 2 ** 63) return BigInt(value).toString();
  } else if (Number.isNaN(value)) {
    return 'NaN';
  }
  const [digits = '', exponent = ''] = value.toExponential().split('e');
  const e = Number(exponent);
  return e < -4 || e >= 6 ? `${digits}e${exponentText(e)}` : String(value);
}

/** C's `%.<precision>g` without flags, of a finite number. */
function general(value: number, precision: number): string {
  const sign = value < 0 ? '-' : '';
  const { digits, exponent } = significant(Math.abs(value), precision);
  return sign + generalText(digits.replace(/0+$/, ''), exponent, precision);
}

/** `%g`'s choice between fixed and scientific; `digits` has lost its trailing zeros, or keeps them for `#`. */
export function generalText(digits: string, exponent: number, precision: number): string {
  if (exponent < -4 || exponent >= precision) {
    const rest = digits.slice(1);
    return `${digits[0]}${rest === '' ? '' : `.${rest}`}e${exponentText(exponent)}`;
  }
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return digits.padEnd(exponent + 1, '0');
  return `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

/** An exponent with its sign and at least two digits. */
export function exponentText(exponent: number): string {
  return (exponent < 0 ? '-' : '+') + String(Math.abs(exponent)).padStart(2, '0');
}
