import type { StoredKind } from '@sallyport/pki';
import type { Key, Put } from '@sallyport/store';

/** A change that writes a record which other services read. */
export function putStored<T>(kind: StoredKind<T>, key: Key, record: T, ttlMs: number): Put {
  return { key, value: kind.encode(record), format: kind.format, ttlMs };
}
