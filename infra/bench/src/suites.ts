import type { BenchOptions, BenchReport } from './report.ts';

type Bench = (options: BenchOptions) => Promise<BenchReport>;

/** The suites by name, loaded when asked for: each brings its peers along. */
export const SUITES = {
  bus: async (): Promise<Bench> => (await import('./bus.ts')).busBench,
  lua: async (): Promise<Bench> => (await import('@sallyport/lua/bench')).luaBench,
  store: async (): Promise<Bench> => (await import('./store.ts')).storeBench,
} as const;

export type SuiteName = keyof typeof SUITES;
