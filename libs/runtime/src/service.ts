/**
 * One running part of the product. Made by a factory `createX(ports, config): Service`; it owns what it
 * acquired and gives it back when disposed.
 */
export interface Service extends AsyncDisposable {
  readonly name: string;
  /** Opens listeners and subscriptions. Resolves once the service answers; rejects when it can't. */
  start(): Promise<void>;
  /** Stops taking new work; what is in flight goes on. Optional: disposing without draining is allowed. */
  drain?(signal: AbortSignal): Promise<void>;
}
