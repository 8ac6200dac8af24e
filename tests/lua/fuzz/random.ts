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

/** A seed of its own for each run, printed with failures; `SALLYPORT_SEED` repeats one. */
export function startSeed(): number {
  return Number(process.env['SALLYPORT_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
}
