/** Where a command reads and writes: the process, or what a test puts in its place. */
export interface Terminal {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/** One word, or two, after `sallyport`. */
export interface Command {
  /** `bench`, `contracts asyncapi`. */
  readonly name: string;
  readonly summary: string;
  /** The lines under the summary in `--help`. */
  readonly usage: readonly string[];
  /** Returns the exit code. Throws {@link UsageError} for words it doesn't understand. */
  run(args: readonly string[], terminal: Terminal, signal: AbortSignal): Promise<number>;
}

/** The words of the call are off: the message and a hint are shown, exit 64 (EX_USAGE). */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
