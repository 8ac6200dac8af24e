/** What one call from the host may use up. Looked at every `SLICE` steps of the script. */
export interface Budget {
  /** Throws the `LuaStopError` of a limit that is passed. */
  look(): void;
  /** `bytes` of new string or table at once; looks at the memory limit when they add up. */
  grow(bytes: number): void;
}
