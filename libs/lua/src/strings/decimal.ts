/**
 * Decimal digits of doubles, rounded half to even on the exact binary value, as C's printf does.
 * JavaScript's toFixed, toExponential and toPrecision round the same except on exact ties, which they send up.
 */

/** `0.d1d2d3… × 10^point`: digits without a leading zero, and where the decimal point stands. */
interface Digits {
  readonly digits: string;
  /** Exponent of the first digit in scientific notation: 1234.5 has 3. */
  readonly exponent: number;
}

/** `value` ≥ 0 with `places` digits after the point (0 … 99 and more). */
export function fixed(value: number, places: number): string {
  // A tie needs value × 2^(places + 1) to be a whole number; scaling by a power of two is exact here.
  if (value < 1e21 && places <= 60 && !Number.isInteger(value * 2 ** (places + 1))) {
    return value.toFixed(places);
  }
  const [mantissa, shift] = parts(value);
  const scaled = mantissa * 10n ** BigInt(places);
  const whole = shift >= 0 ? scaled << BigInt(shift) : roundedShift(scaled, -shift);
  const text = whole.toString().padStart(places + 1, '0');
  return places === 0 ? text : `${text.slice(0, -places)}.${text.slice(-places)}`;
}

/** `value` > 0 to `count` significant digits (1 and more), or zero as zeros. */
export function significant(value: number, count: number): Digits {
  if (value === 0) return { digits: '0'.repeat(count), exponent: 0 };
  const shortest = value.toExponential();
  const e = shortest.indexOf('e');
  const length = e === 1 ? 1 : e - 1;
  // Up to 14 digits the shortest text of a double that ends on a tie is that tie; what isn't one digit longer and
  // doesn't end in 5 can't be one.
  if (count <= 14 && !(length === count + 1 && shortest[e - 1] === '5')) {
    const text = value.toExponential(count - 1);
    const at = text.indexOf('e');
    return {
      digits: text[0] + text.slice(2, at),
      exponent: Number(text.slice(at + 1)),
    };
  }
  return exactly(value, count, Number(shortest.slice(e + 1)));
}

function exactly(value: number, count: number, estimate: number): Digits {
  const [mantissa, shift] = parts(value);
  // value × 10^power has `count` digits before the point.
  const power = count - 1 - estimate;
  let numerator = mantissa;
  let denominator = 1n;
  if (power >= 0) numerator *= 10n ** BigInt(power);
  else denominator *= 10n ** BigInt(-power);
  if (shift >= 0) numerator <<= BigInt(shift);
  else denominator <<= BigInt(-shift);
  let whole = numerator / denominator;
  const rest = (numerator % denominator) * 2n;
  if (rest > denominator || (rest === denominator && (whole & 1n) === 1n)) whole += 1n;
  const text = whole.toString();
  // Rounding up 9.99… gives one digit more, and the estimate (from rounded text) may be one too high.
  if (text.length > count) return { digits: text.slice(0, count), exponent: estimate + 1 };
  if (text.length < count) return exactly(value, count, estimate - 1);
  return { digits: text, exponent: estimate };
}

/** value = mantissa × 2^shift. */
function parts(value: number): [bigint, number] {
  view.setFloat64(0, value);
  const high = view.getUint32(0);
  const biased = (high >>> 20) & 0x7ff;
  const fraction = (BigInt(high & 0xfffff) << 32n) | BigInt(view.getUint32(4));
  return biased === 0 ? [fraction, -1074] : [fraction | (1n << 52n), biased - 1075];
}

function roundedShift(value: bigint, by: number): bigint {
  const bits = BigInt(by);
  const whole = value >> bits;
  const rest = value - (whole << bits);
  const half = 1n << (bits - 1n);
  return rest > half || (rest === half && (whole & 1n) === 1n) ? whole + 1n : whole;
}

const view = new DataView(new ArrayBuffer(8));
