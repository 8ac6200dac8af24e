/**
 * The keys of sessions, as this package needs them; the ring `sessions` of libs/pki is one without any glue. Synchronous:
 * a view that somebody else keeps fresh.
 */
export interface SessionKeys {
  /** The key id that new cookies are sealed with. A counter: ids are never used twice. */
  readonly active: number;
  /** All keys there ever were; `retired` ones don't open any more. */
  readonly keys: readonly {
    readonly kid: number;
    readonly state: 'active' | 'fallback' | 'retired';
  }[];
  /**
   * A secret of `length` bytes (default 32) bound to key and label, the same in every process. Throws for a key that is
   * unknown or retired; this package asks for others only.
   */
  derive(kid: number, label: string, length?: number): Uint8Array;
}
