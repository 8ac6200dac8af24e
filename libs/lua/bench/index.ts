export { luaBench } from './bench.ts';
export type { LuaBenchOptions, LuaBenchReport, LuaBenchRow } from './measurement.ts';
