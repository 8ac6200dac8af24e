export {
  type BenchOptions,
  type BenchReport,
  type BenchRow,
  median,
  ratio,
  reached,
  render,
} from './report.ts';
export { SUITES, type SuiteName } from './suites.ts';
