import { systemClock } from '../clock.ts';
import { ConfigError, StoppedError } from '../errors.ts';
import { createHealth, type Health } from '../health.ts';
import { createLogger, type RootLogger } from '../log/logger.ts';
import type { Service } from '../service.ts';
import { EXIT, exitCodeOf } from './exits.ts';

/** What the process gives to whoever puts it together. */
export interface Life {
  /** For adapters and everything else that outlives the services: disposed after them, last in, first out. */
  readonly stack: AsyncDisposableStack;
  /** Aborts when the process is told to stop. */
  readonly signal: AbortSignal;
  /** Not ready before everything started, nor from the first signal on. */
  readonly health: Health;
  /** Stops the process in good order because it can't go on; it ends with the exit code of `error`. */
  fail(error: Error): void;
}

/** What a process runs. */
export interface Assembly {
  /** Started in this order, drained and disposed in the reverse one. */
  readonly services: readonly Service[];
  readonly logger?: RootLogger;
  /** From the first signal to the end, milliseconds. */
  readonly drainMs?: number;
  /** Called on SIGHUP, one at a time. A rejection is logged and changes nothing. */
  readonly reload?: (signal: AbortSignal) => Promise<void>;
}

export interface RunOptions {
  /** A second signal within this time of the first is taken for the same wish (a terminal and a wrapper both send it). */
  readonly forceAfterMs?: number;
  /** The time left to drain after an uncaught error, milliseconds. */
  readonly crashDrainMs?: number;
  /** Error code → exit code, in addition to the table of `exitCodeOf`. */
  readonly exitCodes?: Readonly<Record<string, number>>;
  /** Tells people why the process can't go on, where its exit code has a meaning of its own. Default: the log does. */
  readonly explain?: (error: Error) => void;
}

const DRAIN_MS = 30_000;
const FLUSH_MS = 1000;
/** An error that comes again and again while the process ends would keep it from ending. */
const MOST_CRASHES = 10;

/**
 * Runs `assemble`'s services as this process and ends it.
 *
 * SIGTERM or SIGINT: readiness turns false, services drain, then everything is disposed; exit 0, or 1 when the
 * deadline came first or something failed on the way. A second signal ends the process at once with
 * 128 + its number. SIGHUP reloads. An uncaught error or unhandled rejection is logged, gets a short drain and
 * exit 70. A failed start: see `exitCodeOf`; a {@link ConfigError} is printed on stderr for people.
 */
export async function run(
  assemble: (life: Life) => Promise<Assembly>,
  options: RunOptions = {},
): Promise<never> {
  // A promise alone doesn't keep Node running, and the services may hold nothing that does.
  setInterval(() => {}, 2 ** 30);
  process.exit(await new Run(options).main(assemble));
}

interface Stop {
  readonly code: number;
  readonly drainMs?: number;
}

class Run {
  readonly #forceAfterMs: number;
  readonly #crashDrainMs: number;
  readonly #exitCodes: Readonly<Record<string, number>>;
  readonly #explain: ((error: Error) => void) | undefined;
  readonly #health = createHealth();
  readonly #stack = new AsyncDisposableStack();
  readonly #services: Service[] = [];
  readonly #running = new AbortController();
  readonly #told = Promise.withResolvers<Stop>();
  #logger: RootLogger = createLogger();
  #assembly: Assembly = { services: [] };
  #stoppedAt: number | undefined;
  #worst = 0;
  #crashes = 0;
  #reloading: Promise<void> = Promise.resolve();

  constructor(options: RunOptions) {
    this.#forceAfterMs = options.forceAfterMs ?? 500;
    this.#crashDrainMs = options.crashDrainMs ?? 2000;
    this.#exitCodes = options.exitCodes ?? {};
    this.#explain = options.explain;
  }

  /** Everything from start to end; resolves with the exit code. */
  async main(assemble: (life: Life) => Promise<Assembly>): Promise<number> {
    this.#listen();
    const starting = this.#start(assemble).catch((error: unknown) => {
      if (!this.#running.signal.aborted) this.#failed(error);
      else if (!(error instanceof StoppedError)) this.#logger.warn('start given up', { error });
    });
    const stop = await this.#told.promise;
    const code = await this.#wind(stop, starting);
    await this.#logger.flush(AbortSignal.timeout(FLUSH_MS));
    return code;
  }

  async #start(assemble: (life: Life) => Promise<Assembly>): Promise<void> {
    const { signal } = this.#running;
    this.#assembly = await assemble({
      stack: this.#stack,
      signal,
      health: this.#health,
      fail: (error) => this.#failed(error),
    });
    this.#logger = this.#assembly.logger ?? this.#logger;
    for (const service of this.#assembly.services) {
      signal.throwIfAborted();
      // Before its start: what a failed start acquired must be given back too.
      this.#stack.use(service);
      this.#services.push(service);
      await service.start(signal);
      this.#logger.info('service started', { part: service.name });
    }
    this.#health.enter('up');
  }

  /** The end: drain, dispose, all of it before the deadline. */
  async #wind(stop: Stop, starting: Promise<void>): Promise<number> {
    const totalMs = stop.drainMs ?? this.#assembly.drainMs ?? DRAIN_MS;
    // Draining must leave time to give things back in order: connections cut, files closed, messages returned.
    const drain = AbortSignal.timeout(Math.max(0, totalMs - Math.min(5000, totalMs / 4)));
    let current = 'start';
    const inOrder = async () => {
      await starting;
      for (const service of this.#services.toReversed()) {
        current = service.name;
        await this.#attempt(current, async () => service.drain?.(drain));
        if (drain.aborted) this.#tooLong(current, totalMs);
      }
      current = 'disposal';
      await this.#attempt(current, () => this.#stack.disposeAsync());
      this.#health[Symbol.dispose]();
    };
    const done = new AbortController();
    const late = systemClock.sleep(totalMs, done.signal).then(
      () => this.#tooLong(current, totalMs),
      () => {},
    );
    try {
      await Promise.race([inOrder(), late]);
    } finally {
      done.abort();
    }
    return stop.code === EXIT.ok ? this.#worst : stop.code;
  }

  /** A failure on the way out is logged and remembered; the rest of the way is still gone. */
  async #attempt(part: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#worsen(EXIT.failed);
      this.#logger.error('failed while stopping', { part, error });
    }
  }

  #tooLong(what: string, totalMs: number): void {
    this.#worsen(EXIT.failed);
    this.#logger.error('not drained before the deadline', { part: what, deadline_ms: totalMs });
  }

  #worsen(code: number): void {
    if (this.#worst !== EXIT.internal) this.#worst = code;
  }

  #failed(error: unknown): void {
    const code = exitCodeOf(error, this.#exitCodes);
    if (error instanceof ConfigError) process.stderr.write(`${error.message}\n`);
    else if (code !== EXIT.failed && this.#explain !== undefined) this.#explain(error as Error);
    else this.#logger.error('can not go on', { error });
    this.#tell({ code });
  }

  #tell(stop: Stop): void {
    if (this.#stoppedAt !== undefined) return;
    this.#stoppedAt = systemClock.monotonic();
    this.#health.enter('draining');
    this.#told.resolve(stop);
    this.#running.abort(new StoppedError('the process was told to stop'));
  }

  #listen(): void {
    process.on('SIGTERM', () => void this.#signalled('SIGTERM', 15));
    process.on('SIGINT', () => void this.#signalled('SIGINT', 2));
    process.on('SIGHUP', () => this.#reload());
    // Also gets unhandled rejections: that is Node's default.
    process.on('uncaughtException', (error) => this.#crashed(error));
    // Whoever read our output is gone; without listeners that would be an uncaught error about every line.
    process.stdout.on('error', () => {});
    process.stderr.on('error', () => {});
  }

  async #signalled(name: string, number: number): Promise<void> {
    if (this.#stoppedAt === undefined) {
      this.#logger.info('stopping', { signal: name });
      this.#tell({ code: EXIT.ok });
    } else if (systemClock.monotonic() - this.#stoppedAt >= this.#forceAfterMs) {
      this.#logger.warn('second signal, ending now', { signal: name });
      await this.#logger.flush(AbortSignal.timeout(FLUSH_MS / 4));
      process.exit(128 + number);
    }
  }

  #reload(): void {
    const { reload } = this.#assembly;
    if (reload === undefined || this.#stoppedAt !== undefined) {
      this.#logger.info('nothing to reload', { signal: 'SIGHUP' });
      return;
    }
    this.#reloading = this.#reloading.then(async () => {
      try {
        await reload(this.#running.signal);
        this.#logger.info('reloaded');
      } catch (error) {
        this.#logger.error('not reloaded, going on as before', { error });
      }
    });
  }

  #crashed(error: unknown): void {
    this.#crashes += 1;
    this.#worst = EXIT.internal;
    this.#logger.error('uncaught error', { error });
    if (this.#crashes > MOST_CRASHES) process.exit(EXIT.internal);
    this.#tell({ code: EXIT.internal, drainMs: this.#crashDrainMs });
  }
}
