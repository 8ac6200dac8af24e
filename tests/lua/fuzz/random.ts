import { deep } from '../../world/deep.ts';

/** Random choices that a seed fixes. */
export interface Random {
  /** A whole number from 0 to below `n`. */
  below(n: number): number;
  /** True once in `n` times. */
  oneIn(n: number): boolean;
  pick<T>(choices: readonly T[]): T;
}

/** The mulberry32 sequence of `seed`. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  const below = (n: number) => next() % n;
  return {
    below,
    oneIn: (n) => below(n) === 0,
    pick: (choices) => choices[below(choices.length)] as (typeof choices)[number],
  };
}

/** Where `npm test` begins: the same programs each time, so that a change is judged and not luck. */
const USUAL = 1_099_048_459;

/** The first seed: in deep runs a new one each time, printed with failures; `SALLYPORT_SEED` repeats one. */
export function startSeed(): number {
  const otherwise = deep ? Math.floor(Math.random() * 2 ** 31) : USUAL;
  return Number(process.env['SALLYPORT_SEED'] ?? otherwise);
}
