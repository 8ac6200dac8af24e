import type { PurposeName, RingPart, RingStore } from '@sallyport/pki';
import type { Entry, Key, Store, Version } from '@sallyport/store';
import { ringSpace } from '../../../redis/spaces.ts';

/** Key rings in the store: one space a ring, so that brokers' rules can say who reads which. */
export function ringStore(store: Store): RingStore {
  return {
    async load(purpose, part, signal) {
      const [entry] = await store.space(ringSpace(purpose)).get([keyOf(part)], signal);
      return entry === undefined ? undefined : stored(entry);
    },
    async save(purpose: PurposeName, parts, expected, signal) {
      const done = await store.space(ringSpace(purpose)).commit(
        {
          check: [{ key: keyOf('ring'), version: expected as Version | undefined }],
          put: parts.map(({ part, record }) => ({
            ...{ key: keyOf(part), value: record.bytes, format: record.format },
          })),
        },
        signal,
      );
      return done.ok;
    },
  };
}

const keyOf = (part: RingPart): Key => ['ring', part];
const stored = ({ value, format, version }: Entry) => ({ bytes: value, format, version });
