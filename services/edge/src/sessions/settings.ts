/** How the edge keeps sessions. Times in milliseconds. */
export interface SessionSettings {
  /** Sessions kept in memory, about 1 KiB each; those that weren't used the longest go first. */
  readonly capacity: number;
  /** What was confirmed longer ago is read again while revocations may be missing. */
  readonly maxStalenessMs: number;
  /** How long a session that was confirmed is still good while nobody can confirm it. */
  readonly outageGraceMs: number;
  /** How long a record of the store is good for when nothing is heard of it: renewals and uses elsewhere aren't told. */
  readonly recheckMs: number;
  /** A read of the store. */
  readonly readMs: number;
  /** A question to the service `sessions`: a response waits for it. */
  readonly rpcMs: number;
  /** After a failure nobody is bothered for so long. */
  readonly retryMs: number;
}

export const SESSION_SETTINGS: SessionSettings = {
  capacity: 50_000,
  maxStalenessMs: 2000,
  outageGraceMs: 30_000,
  recheckMs: 30_000,
  readMs: 2000,
  rpcMs: 2000,
  retryMs: 1000,
};
