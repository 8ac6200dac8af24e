import { fixed, significant } from './decimal.ts';
import type { Spec } from './format-spec.ts';
import { exponentText, generalText } from './number-text.ts';
import { toInteger } from './text-number.ts';

/** `%d` and `%i` of the double's 64-bit integer. */
export function formatInteger(spec: Spec, value: number): string {
  const integer = toInteger(value);
  const size = Math.abs(integer);
  const digits = Number.isSafeInteger(integer) ? String(size) : BigInt(size).toString();
  return padInteger(spec, signOf(spec, integer < 0), '', digits);
}

/** `%u`, `%o`, `%x` and `%X` of the double's 64-bit unsigned integer. */
export function formatUnsigned(spec: Spec, value: number): string {
  const integer = toUnsigned(value);
  const { letter } = spec;
  const digits = integer.toString(letter === 'u' ? 10 : letter === 'o' ? 8 : 16);
  let prefix = '';
  if (spec.alternate && letter === 'o') {
    // `#` promises a leading zero, which the precision may bring already.
    if (digits === '0')
      return padInteger(spec.precision === 0 ? { ...spec, precision: 1 } : spec, '', '', digits);
    if (spec.precision <= digits.length) prefix = '0';
  } else if (spec.alternate && letter !== 'u' && digits !== '0') {
    prefix = '0x';
  }
  const text = padInteger(spec, '', prefix, digits);
  return letter === 'X' ? text.toUpperCase() : text;
}

/** `%e`, `%E`, `%f`, `%g` and `%G`. */
export function formatFloat(spec: Spec, value: number): string {
  const negative = value < 0 || (value === 0 && 1 / value < 0) || Number.isNaN(value);
  const sign = signOf(spec, negative);
  const upper = spec.letter === 'E' || spec.letter === 'G';
  if (!Number.isFinite(value)) {
    const word = Number.isNaN(value) ? 'nan' : 'inf';
    return pad(spec, sign + (upper ? word.toUpperCase() : word));
  }
  const text = floatText(spec, Math.abs(value));
  const body = upper ? text.toUpperCase() : text;
  if (spec.zeros && !spec.left) return sign + body.padStart(spec.width - sign.length, '0');
  return pad(spec, sign + body);
}

/** `text` with spaces up to the width. */
export function pad(spec: Spec, text: string): string {
  if (text.length >= spec.width) return text;
  return spec.left ? text.padEnd(spec.width) : text.padStart(spec.width);
}

function floatText(spec: Spec, size: number): string {
  const { alternate, letter } = spec;
  const precision = spec.precision < 0 ? 6 : spec.precision;
  if (letter === 'f') return fixed(size, precision) + (alternate && precision === 0 ? '.' : '');
  if (letter === 'e' || letter === 'E') {
    const { digits, exponent } = significant(size, precision + 1);
    const point = precision > 0 || alternate ? '.' : '';
    return `${digits[0]}${point}${digits.slice(1)}e${exponentText(exponent)}`;
  }
  const count = precision === 0 ? 1 : precision;
  const { digits, exponent } = significant(size, count);
  const text = generalText(alternate ? digits : stripped(digits), exponent, count);
  if (!alternate || text.includes('.')) return text;
  const e = text.indexOf('e');
  return e < 0 ? `${text}.` : `${text.slice(0, e)}.${text.slice(e)}`;
}

function stripped(digits: string): string {
  return digits.replace(/0+$/, '') || '0';
}

function padInteger(spec: Spec, sign: string, prefix: string, digits: string): string {
  let body = digits;
  if (spec.precision >= 0) {
    body = digits === '0' && spec.precision === 0 ? '' : digits.padStart(spec.precision, '0');
  } else if (spec.zeros && !spec.left) {
    body = digits.padStart(spec.width - sign.length - prefix.length, '0');
  }
  return pad(spec, sign + prefix + body);
}

function signOf(spec: Spec, negative: boolean): string {
  if (negative) return '-';
  return spec.plus ? '+' : spec.space ? ' ' : '';
}

/** `value` as C casts it to `unsigned long` on x86-64. */
function toUnsigned(value: number): bigint | number {
  if (value >= 0 && value <= Number.MAX_SAFE_INTEGER) return Math.floor(value);
  if (value >= 2 ** 64) return 0n;
  if (value >= 2 ** 63) return BigInt(Math.trunc(value));
  return BigInt.asUintN(64, BigInt(toInteger(value)));
}
