/**
 * The number that `text` spells, or undefined: C's strtod with white space round it, which takes decimal and
 * hexadecimal (`0x1.8p3`) numbers, `inf`, `infinity` and `nan`. As in PUC Lua 5.1 on glibc, a zero byte ends the text.
 */
export function textToNumber(text: string): number | undefined {
  const first = text.charCodeAt(0);
  // The usual case by far: short runs of decimal digits.
  if (first >= 48 && first <= 57 && text.length < 16 && DIGITS.test(text)) return Number(text);
  const zero = text.indexOf('\0');
  const match = NUMERAL.exec(zero < 0 ? text : text.slice(0, zero));
  if (match === null) return undefined;
  const [, sign, decimal, whole, fraction = '', power, word] = match;
  let value: number;
  if (decimal !== undefined) value = Number(decimal);
  else if (whole !== undefined) value = hexadecimal(whole, fraction, Number(power ?? 0));
  else if (word?.[0] === 'i' || word?.[0] === 'I') value = Number.POSITIVE_INFINITY;
  else value = Number.NaN;
  return sign === '-' ? -value : value;
}

/**
 * C's strtoul in `base` (2 … 36) over the whole text, as `tonumber(text, base)` uses it: 64 bits, a minus sign wraps
 * round, what is too large is the largest. Undefined where the text is no such number.
 */
export function textToUnsigned(text: string, base: number): number | undefined {
  const zero = text.indexOf('\0');
  const match = UNSIGNED.exec(zero < 0 ? text : text.slice(0, zero));
  if (match === null) return undefined;
  let digits = match[2] ?? '';
  if (base === 16 && /^0x[0-9a-f]/i.test(digits)) digits = digits.slice(2);
  let value = 0n;
  for (let i = 0; i < digits.length; i += 1) {
    const code = digits.charCodeAt(i) | 32;
    const digit = code >= 97 ? code - 87 : code - 48;
    if (digit >= base) return undefined;
    // What comes after doesn't change it any more, but must be digits.
    if (value <= LARGEST) value = value * BigInt(base) + BigInt(digit);
  }
  if (value > LARGEST) return Number(LARGEST);
  return Number(match[1] === '-' ? BigInt.asUintN(64, -value) : value);
}

/** `value` as a C `ptrdiff_t` on x86-64: toward zero, and the smallest where it doesn't fit. */
export function toInteger(value: number): number {
  if (value >= -SIGN_BIT && value < SIGN_BIT) return Math.trunc(value) + 0;
  return -SIGN_BIT;
}

/** `value` as a C `int`, taken from the low half of a `ptrdiff_t`. */
export function toInt(value: number): number {
  if ((value | 0) === value) return value | 0;
  const integer = toInteger(value);
  return Number.isSafeInteger(integer) ? integer | 0 : Number(BigInt.asIntN(32, BigInt(integer)));
}

function hexadecimal(whole: string, fraction: string, power: number): number {
  // 16 digits hold more than 53 bits; what comes after only matters as "not zero" for the rounding.
  const digits = (whole + fraction).replace(/^0+/, '');
  const point = (digits.length - fraction.length) * 4;
  if (digits === '') return 0;
  const kept = digits.slice(0, 16);
  const sticky = /[1-9a-f]/i.test(digits.slice(16)) ? 1n : 0n;
  const mantissa = (BigInt(`0x${kept}`) << 4n) | sticky;
  const exponent = point - kept.length * 4 - 4 + power;
  const size = mantissa.toString(2).length + exponent;
  if (size > 1025) return Number.POSITIVE_INFINITY;
  if (size < -1080) return 0;
  // One rounding: a subnormal is cut to its bits before it becomes a double.
  const lost = -1074 - exponent;
  if (size < -1021 && lost > 0) return Number(rounded(mantissa, BigInt(lost))) * 2 ** -1074;
  const normal = Number(mantissa);
  return exponent < -1000 ? normal * 2 ** -1000 * 2 ** (exponent + 1000) : normal * 2 ** exponent;
}

function rounded(value: bigint, bits: bigint): bigint {
  const whole = value >> bits;
  const rest = value - (whole << bits);
  const half = 1n << (bits - 1n);
  return rest > half || (rest === half && (whole & 1n) === 1n) ? whole + 1n : whole;
}

const DIGITS = /^[0-9]+$/;
const SPACE = '[ \\t\\n\\v\\f\\r]*';
const NUMERAL = new RegExp(
  `^${SPACE}([+-]?)(?:((?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:e[+-]?[0-9]+)?)|0x(?=\\.?[0-9a-f])([0-9a-f]*)(?:\\.([0-9a-f]*))?(?:p([+-]?[0-9]+))?|(inf(?:inity)?|nan(?:\\([0-9a-z_]*\\))?))${SPACE}$`,
  'i',
);
const UNSIGNED = new RegExp(`^${SPACE}([+-]?)([0-9a-z]+)${SPACE}$`, 'i');
const LARGEST = 0xffff_ffff_ffff_ffffn;
const SIGN_BIT = 2 ** 63;
