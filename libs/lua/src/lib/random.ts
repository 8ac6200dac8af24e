/** Random numbers of one environment: xorshift128+ on 32-bit halves, seeded by `math.randomseed`. */
export class Random {
  readonly #state = new Uint32Array(4);

  constructor(seed: number) {
    this.seed(seed);
  }

  seed(seed: number): void {
    // splitmix32 spreads any seed over the state.
    let x = (seed >>> 0) ^ (Math.trunc(seed / 4294967296) >>> 0);
    for (let i = 0; i < 4; i += 1) {
      x = (x + 0x9e3779b9) >>> 0;
      let z = x;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      this.#state[i] = (z ^ (z >>> 15)) >>> 0;
    }
  }

  #next(): number {
    const s = this.#state;
    let t = s[3] as number;
    t ^= t << 11;
    t ^= t >>> 8;
    s[3] = s[2] as number;
    s[2] = s[1] as number;
    s[1] = s[0] as number;
    t ^= (s[0] as number) ^ ((s[0] as number) >>> 19);
    s[0] = t;
    return t >>> 0;
  }

  /** A double in [0, 1) with 53 random bits. */
  double(): number {
    return ((this.#next() >>> 5) * 67108864 + (this.#next() >>> 6)) / 9007199254740992;
  }
}
