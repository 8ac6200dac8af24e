import { checkInteger, checkNumber } from '../arguments.ts';
import { plain } from '../builtin.ts';
import type { Builtin } from '../function.ts';
import { NONE } from '../value.ts';

function unary(name: string, f: (x: number) => number): Builtin {
  return plain(name, (rt, x) => f(typeof x === 'number' ? x : checkNumber(rt, x, 1)));
}

function binary(name: string, f: (x: number, y: number) => number): Builtin {
  return plain(name, (rt, x, y) => {
    // C compilers on amd64 evaluate arguments from the last, so PUC complains about the second first.
    const second = checkNumber(rt, y, 2);
    return f(checkNumber(rt, x, 1), second);
  });
}

function extreme(name: string, better: (x: number, best: number) => boolean): Builtin {
  return plain(name, (rt, ...args) => {
    let best = checkNumber(rt, args[0], 1);
    for (let i = 1; i < args.length; i += 1) {
      const x = checkNumber(rt, args[i], i + 1);
      if (better(x, best)) best = x;
    }
    return best;
  });
}

const scratch = new DataView(new ArrayBuffer(8));

/** Fraction in [0.5, 1) and exponent. */
function frexp(x: number): [number, number] {
  if (x === 0 || !Number.isFinite(x)) return [x, 0];
  let value = x;
  let shift = 0;
  if (Math.abs(value) < 2.2250738585072014e-308) {
    value *= 18014398509481984;
    shift = -54;
  }
  scratch.setFloat64(0, value);
  const high = scratch.getUint32(0);
  const exponent = ((high >>> 20) & 0x7ff) - 1022;
  scratch.setUint32(0, (high & 0x800fffff) | (1022 << 20));
  return [scratch.getFloat64(0), exponent + shift];
}

/** In two steps, since 2^e alone may overflow or vanish. */
function ldexp(x: number, e: number): number {
  const clipped = Math.max(-2200, Math.min(2200, Math.trunc(e)));
  const half = Math.trunc(clipped / 2);
  const quarter = Math.trunc(half / 2);
  const other = clipped - half;
  const otherQuarter = Math.trunc(other / 2);
  return x * 2 ** quarter * 2 ** (half - quarter) * 2 ** otherQuarter * 2 ** (other - otherQuarter);
}

const random = plain('random', (rt, ...args) => {
  const fraction = rt.random.double();
  if (args.length === 0) return fraction;
  if (args.length > 2) throw rt.error('wrong number of arguments');
  const low = args.length === 1 ? 1 : checkInteger(rt, args[0], 1);
  const high = checkInteger(rt, args[args.length - 1], args.length);
  if (low > high) throw rt.argError(args.length, 'interval is empty');
  return Math.floor(fraction * (high - low + 1)) + low;
});

const randomseed = plain('randomseed', (rt, seed) => {
  rt.random.seed(checkInteger(rt, seed, 1));
  return NONE;
});

const fmod = binary('fmod', (x, y) => x % y);

/** The functions of `math`; its constants depend on the mode. */
export const MATH = {
  abs: unary('abs', Math.abs),
  acos: unary('acos', Math.acos),
  asin: unary('asin', Math.asin),
  atan: unary('atan', Math.atan),
  atan2: binary('atan2', Math.atan2),
  ceil: unary('ceil', Math.ceil),
  cos: unary('cos', Math.cos),
  cosh: unary('cosh', Math.cosh),
  deg: unary('deg', (x) => x / (Math.PI / 180)),
  exp: unary('exp', Math.exp),
  floor: unary('floor', Math.floor),
  fmod,
  frexp: plain('frexp', (rt, x) => frexp(checkNumber(rt, x, 1))),
  ldexp: plain('ldexp', (rt, x, e) => {
    const exponent = checkInteger(rt, e, 2);
    return ldexp(checkNumber(rt, x, 1), exponent);
  }),
  log: unary('log', Math.log),
  log10: unary('log10', Math.log10),
  max: extreme('max', (x, best) => x > best),
  min: extreme('min', (x, best) => x < best),
  mod: fmod,
  modf: plain('modf', (rt, value) => {
    const x = checkNumber(rt, value, 1);
    const whole = Math.trunc(x);
    return [whole, Number.isFinite(x) ? x - whole : 0 / x];
  }),
  pow: binary('pow', (x, y) => x ** y),
  rad: unary('rad', (x) => x * (Math.PI / 180)),
  random,
  randomseed,
  sin: unary('sin', Math.sin),
  sinh: unary('sinh', Math.sinh),
  sqrt: unary('sqrt', Math.sqrt),
  tan: unary('tan', Math.tan),
  tanh: unary('tanh', Math.tanh),
};
