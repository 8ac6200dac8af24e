import { deadLetterCases } from './dead-letters.ts';
import { deliveryCases } from './deliveries.ts';
import { eventCases } from './events.ts';
import { feedCases } from './feeds.ts';
import { jobCases } from './jobs.ts';
import { limitCases } from './limits.ts';
import { outageCases } from './outages.ts';
import { relayCases } from './relay.ts';
import { rpcCases } from './rpc.ts';
import { traceCases } from './traces.ts';
import type { Case, Conformance, TestFn } from './world.ts';

export { noted, numbers } from './contracts.ts';
export { FeedLog } from './feed-log.ts';
export { MemoryOutbox } from './outbox.ts';
export type { BusWorld, Conformance, SeenSpan, TestFn } from './world.ts';

/** Everything that an adapter must do: defines one test for each case. */
export function busConformance(test: TestFn, conformance: Conformance): void {
  const define: Case = (title, body) => {
    test(`${conformance.name}: ${title}`, async (t) => {
      await using world = await conformance.open();
      await body(world);
      t.pass();
    });
  };
  eventCases(define);
  deliveryCases(define);
  limitCases(define);
  jobCases(define);
  deadLetterCases(define);
  rpcCases(define);
  feedCases(define);
  relayCases(define);
  outageCases(define);
  if (conformance.spans !== undefined) traceCases(define, conformance.spans);
}
