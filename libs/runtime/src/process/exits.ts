/** How a process ends, after sysexits(3) where it has a number for it. */
export const EXIT = {
  ok: 0,
  /** Didn't start, or didn't drain before its deadline. */
  failed: 1,
  /** Broker or store unreachable (EX_UNAVAILABLE). */
  unavailable: 69,
  /** An error nobody caught (EX_SOFTWARE). */
  internal: 70,
  /** Port or data directory taken (EX_CANTCREAT). */
  inUse: 73,
  /** Bad configuration (EX_CONFIG). */
  config: 78,
} as const;

/** Stable error codes and errnos that decide how a failed start ends. */
const BY_CODE: Readonly<Record<string, number>> = {
  SP_ERR_CONFIG: EXIT.config,
  // What the configuration says doesn't fit what is there: waiting or restarting doesn't help.
  SP_ERR_BUS_CREDENTIALS: EXIT.config,
  SP_ERR_BUS_PERMISSION: EXIT.config,
  SP_ERR_BUS_STREAMS: EXIT.config,
  SP_ERR_STORE_ACCESS: EXIT.config,
  SP_ERR_STORE_LAYOUT: EXIT.config,
  SP_ERR_PKI_MASTER_KEY: EXIT.config,
  SP_ERR_PKI_MASTER_KEY_MISMATCH: EXIT.config,
  SP_ERR_IN_USE: EXIT.inUse,
  SP_ERR_BUS_IN_USE: EXIT.inUse,
  SP_ERR_STORE_IN_USE: EXIT.inUse,
  EADDRINUSE: EXIT.inUse,
  SP_ERR_STORE_UNAVAILABLE: EXIT.unavailable,
  SP_ERR_BUS_UNAVAILABLE: EXIT.unavailable,
  ECONNREFUSED: EXIT.unavailable,
  ECONNRESET: EXIT.unavailable,
  EHOSTUNREACH: EXIT.unavailable,
  ENETUNREACH: EXIT.unavailable,
  ENOTFOUND: EXIT.unavailable,
  EAI_AGAIN: EXIT.unavailable,
  ETIMEDOUT: EXIT.unavailable,
};

/** Errors wrap one another rarely deeper than this; a longer chain is a cycle or not worth following. */
const DEEPEST = 16;

/**
 * The exit code of a process that failed to start with `error`: the first known `code`, from the outermost
 * error inwards through `cause`, the members of an AggregateError and both halves of a SuppressedError.
 * `more` adds codes to the table or overrides them.
 */
export function exitCodeOf(error: unknown, more: Readonly<Record<string, number>> = {}): number {
  let level: unknown[] = [error];
  for (let depth = 0; depth < DEEPEST && level.length > 0; depth += 1) {
    for (const candidate of level) {
      const code = field(candidate, 'code');
      if (typeof code !== 'string') continue;
      const exit = Object.hasOwn(more, code) ? more[code] : undefined;
      const known = exit ?? (Object.hasOwn(BY_CODE, code) ? BY_CODE[code] : undefined);
      if (known !== undefined) return known;
    }
    level = level.flatMap((candidate) => {
      const members = field(candidate, 'errors');
      return [
        field(candidate, 'cause'),
        ...(Array.isArray(members) ? members.slice(0, DEEPEST) : []),
        field(candidate, 'error'),
        field(candidate, 'suppressed'),
      ].filter((inner) => inner instanceof Error);
    });
  }
  return EXIT.failed;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
