/** Requests of one kind, over and over. */
export interface Flow {
  readonly everyMs: number;
  /** One request: what was wrong with its answer, or undefined. A rejection is something wrong too. */
  once(n: number): Promise<string | undefined>;
}

interface Sample {
  /** When it was sent and when it was over, `performance.now()`. */
  readonly began: number;
  readonly ended: number;
  readonly fault: string | undefined;
}

/** Requests at a steady pace, whatever becomes of the ones before, as clients send them. */
export class Load<Name extends string> implements AsyncDisposable {
  readonly #samples: Record<Name, Sample[]>;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #underWay = new Set<Promise<void>>();

  constructor(flows: Record<Name, Flow>) {
    const names = Object.keys(flows) as Name[];
    this.#samples = Object.fromEntries(names.map((name) => [name, []])) as never;
    for (const name of names) {
      let n = 0;
      const send = () => {
        n += 1;
        const one = this.#one(name, flows[name], n).finally(() => this.#underWay.delete(one));
        this.#underWay.add(one);
      };
      this.#timers.push(setInterval(send, flows[name].everyMs));
    }
  }

  /** How many of a kind, sent since a time, were answered as they should be. */
  answered(name: Name, since = 0): number {
    return this.#samples[name].filter(({ began, fault }) => fault === undefined && began >= since)
      .length;
  }

  /** What went wrong, sent between two times, in words. */
  faults(name: Name, since = 0, until = Number.POSITIVE_INFINITY): string[] {
    return this.#samples[name].flatMap(({ began, fault }) =>
      fault === undefined || began < since || began > until
        ? []
        : [`${name} at ${Math.round(began)} ms: ${fault}`],
    );
  }

  /** Of the answers of a kind: how many, the median and the longest, milliseconds. */
  times(name: Name): { count: number; median: number; most: number } {
    const all = this.#samples[name].map(({ began, ended }) => ended - began).sort((a, b) => a - b);
    const at = (share: number) => Math.round(all[Math.floor((all.length - 1) * share)] ?? 0);
    return { count: all.length, median: at(0.5), most: at(1) };
  }

  /** Sends no more and waits for what is under way. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#underWay);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #one(name: Name, flow: Flow, n: number): Promise<void> {
    const began = performance.now();
    let fault: string | undefined;
    try {
      fault = await flow.once(n);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      fault = `${code ?? ''} ${message}`.trim();
    }
    this.#samples[name].push({ began, ended: performance.now(), fault });
  }
}
