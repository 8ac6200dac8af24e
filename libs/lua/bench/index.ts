// `node libs/lua/bench/index.ts [--json] [--rounds=7] [--round-ms=200]`
import { parseArgs } from 'node:util';
import { luaBench } from './bench.ts';
import { text } from './report.ts';

export { luaBench } from './bench.ts';
export type { LuaBenchOptions, LuaBenchReport, LuaBenchRow } from './report.ts';

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '7' },
      'round-ms': { type: 'string', default: '200' },
    },
  });
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const report = await luaBench({
    rounds: Number(values.rounds),
    roundMs: Number(values['round-ms']),
    signal: stop.signal,
    progress: (what) => process.stderr.write(`${what} …\n`),
  });
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : text(report));
}
