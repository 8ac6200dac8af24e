/**
 * One running part of the product. Made by a factory `createX(ports, config): Service`; it owns what it
 * acquired and gives it back when disposed.
 */
export interface Service extends AsyncDisposable {
  readonly name: string;
  /**
   * Opens listeners and subscriptions. Resolves once the service answers; rejects when it can't, or when
   * `signal` aborts. Whatever it acquired until then is given back by disposal, which follows in any case.
   */
  start(signal?: AbortSignal): Promise<void>;
  /**
   * Stops taking new work and resolves when what was in flight is done. When `signal` aborts there is no more
   * time: cut what is left and return. Optional: disposing without draining is allowed.
   */
  drain?(signal: AbortSignal): Promise<void>;
}
