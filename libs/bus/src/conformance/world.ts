import type { Bus, BusFault, BusOptions } from '../ports.ts';

/** One broker of a test's own, empty at first. */
export interface BusWorld extends AsyncDisposable {
  /** Another client; the world disposes it if the test didn't. */
  connect(options?: Partial<BusOptions>): Promise<Bus>;
  /** Present when the adapter's broker can be killed without warning and started again on its data. */
  readonly outage?: { kill(): Promise<void>; start(): Promise<void> };
}

/** A span as the trace cases need it. */
export interface SeenSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | undefined;
}

export interface Conformance {
  /** Begins every title. */
  readonly name: string;
  open(): Promise<BusWorld>;
  /** Spans ended so far, when the caller has set an SDK up; without it the trace cases are left out. */
  readonly spans?: () => readonly SeenSpan[];
}

/** Ava's `test`, or what behaves like it. */
export type TestFn = (title: string, body: (t: { pass(): void }) => Promise<void>) => void;

/** Defines one case: a world of its own, gone when the case ends. */
export type Case = (title: string, body: (world: BusWorld) => Promise<void>) => void;

/** Collects what goes wrong in the background. */
export function faultLog(): { onFault: (fault: BusFault) => void; faults: BusFault[] } {
  const faults: BusFault[] = [];
  return { onFault: (fault) => faults.push(fault), faults };
}
