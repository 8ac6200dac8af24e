/**
 * Who pays for compiling while a script runs: a script must not stall its host with a source of a megabyte. Either may throw, and then
 * compiling ends there.
 */
export interface CompileCosts {
  /** Work that was done, in steps as a script's own. */
  spend(steps: number): void;
  /** About how many milliseconds V8 will take for what can't be interrupted, at least. */
  ahead(ms: number): void;
}

/** Compiling that the host asked for costs nobody anything. */
export const FREE: CompileCosts = { spend: () => {}, ahead: () => {} };
