import { ContractError, type DataOf, type FeedType } from '@sallyport/contracts';
import { decodeJson, encodeJson } from '../wire.ts';
import type { FeedHead } from './ports.ts';

/** A message on a feed's subject: JSON `{epoch, version}`, with `delta` the change that made this version. */
export type FeedMessage<Delta> =
  | (FeedHead & { readonly kind: 'heartbeat' })
  | (FeedHead & { readonly kind: 'delta'; readonly delta: Delta });

/** Heartbeats come this often; three missed ones make a reader stale. */
export const HEARTBEAT_MS = 500;
export const MISSED = 3;

export function encodeHeartbeat({ epoch, version }: FeedHead): Uint8Array {
  return encodeJson({ epoch, version });
}

export function encodeDelta<F extends FeedType>(
  feed: F,
  { epoch, version }: FeedHead,
  delta: DataOf<F>,
): Uint8Array {
  return encodeJson({ epoch, version, delta: feed.parse(delta) });
}

/** What a message says. A delta that this version can't read counts as its version only: the reader asks the source. */
export function decode<F extends FeedType>(feed: F, body: Uint8Array): FeedMessage<DataOf<F>> {
  const value = decodeJson(body) as Record<string, unknown> | null;
  const { epoch, version } = value ?? {};
  if (typeof epoch !== 'string' || !Number.isSafeInteger(version) || (version as number) < 0) {
    throw new ContractError(`${feed.subject}: a message must have an epoch and a version from 0`);
  }
  const head = { epoch, version: version as number };
  if (value?.['delta'] === undefined) return { kind: 'heartbeat', ...head };
  return { kind: 'delta', ...head, delta: feed.parse(value['delta']) as DataOf<F> };
}
