import { arguments_ } from './arguments.ts';
import { commits } from './commits.ts';
import { counters } from './counters.ts';
import { expiry } from './expiry.ts';
import { indexes } from './indexes.ts';
import { leases } from './leases.ts';
import { outbox } from './outbox.ts';
import { retries } from './retries.ts';
import { type Asserter, type Subject, setScene } from './subject.ts';
import { values } from './values.ts';
import { volume } from './volume.ts';
import { windows } from './windows.ts';

export type { Asserter, Subject } from './subject.ts';

/**
 * What every adapter of the store's port must do, as tests: `test` is ava's (or anything like it), `open` gives a
 * store for one case. Cases don't disturb one another in one store, unless its time is moved by `advanceTime`.
 */
export function storeConformance(
  test: (title: string, body: (t: Asserter) => Promise<void>) => void,
  { name, open }: { readonly name: string; open(): Promise<Subject> },
): void {
  const cases = {
    ...commits,
    ...expiry,
    ...indexes,
    ...counters,
    ...windows,
    ...leases,
    ...outbox,
    ...retries,
    ...values,
    ...arguments_,
    ...volume,
  };
  for (const [title, body] of Object.entries(cases)) {
    test(`${name}: ${title}`, async (t) => {
      await using subject = await open();
      await body(t, setScene(subject));
    });
  }
}
