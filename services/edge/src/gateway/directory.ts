import type { Consumer, KeyAuth } from '@sallyport/gateway';

/** Who the gateway knows, at one version of the snapshot. */
export interface Directory {
  consumer(id: string): Consumer | undefined;
  /** By id, or else by username. */
  consumerNamed(idOrUsername: string): Consumer | undefined;
  keyAuth(digest: string): KeyAuth | undefined;
}
